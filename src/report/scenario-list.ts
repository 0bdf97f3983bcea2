/**
 * The list of scenarios as text: one block per suite, a line for each scenario, one more for each of its parameters.
 */
import { rangeText } from '../scenario/params.js';
import type { Scenario, ScenarioParam, ScenarioSuite } from '../scenario/scenario.js';

export function scenarioListText(suites: readonly ScenarioSuite[]): string {
  const blocks = suites.map((suite) =>
    [`${suite.name}: ${suite.summary}`, ...suite.scenarios.all().flatMap(scenarioLines)].join('\n'),
  );
  return `${blocks.join('\n\n')}\n`;
}

function scenarioLines({ name, summary, params }: Scenario): string[] {
  return [`  ${name.padEnd(22)}  ${summary}`, ...params.map(paramLine)];
}

function paramLine(param: ScenarioParam): string {
  const fallback = param.fallback === null ? 'required' : `default ${param.fallback}`;
  return `    ${param.name.padEnd(12)} ${rangeText(param)} (${fallback}): ${param.meaning}`;
}
