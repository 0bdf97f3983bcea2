/**
 * The list of scenarios as text: one block per suite, a line for each scenario, perhaps one more for each of its parameters.
 */
import { rangeText } from '../scenario/params.js';
import type { Scenario, ScenarioParam, ScenarioSuite } from '../scenario/scenario.js';

/** @param full with the parameters, which most scenarios of a suite have in common */
export function scenarioListText(suites: readonly ScenarioSuite[], full = true): string {
  const blocks = suites.map((suite) =>
    [
      `${suite.name}: ${suite.summary}`,
      ...suite.scenarios.all().flatMap((scenario) => scenarioLines(scenario, full)),
    ].join('\n'),
  );
  return `${blocks.join('\n\n')}\n`;
}

export function scenarioLines({ name, summary, params }: Scenario, full: boolean): string[] {
  return [`  ${name.padEnd(22)}  ${summary}`, ...(full ? params.map(paramLine) : [])];
}

function paramLine(param: ScenarioParam): string {
  const fallback = param.fallback === null ? 'required' : `default ${param.fallback}`;
  return `    ${param.name.padEnd(12)} ${rangeText(param)} (${fallback}): ${param.meaning}`;
}
