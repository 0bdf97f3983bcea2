/**
 * SUITES: the measured guests and their scenarios, one line for each.
 */
import { UsageError } from '../errors.js';
import { didYouMean, Registry } from '../util/registry.js';
import { KVM_SUITE } from './kvm/index.js';
import type { Scenario, ScenarioSuite } from './scenario.js';
import { XEN_SUITE } from './xen/index.js';

export const SUITES = new Registry<ScenarioSuite>('suite', [XEN_SUITE, KVM_SUITE]);

/** A scenario and the suite that it belongs to. */
export interface FoundScenario {
  readonly suite: ScenarioSuite;
  readonly scenario: Scenario;
}

/** The scenario of the suite called `suiteName`, or else of the only one that has it. */
export function findScenario(name: string, suiteName?: string): FoundScenario {
  const suites = suiteName === undefined ? SUITES.all() : [SUITES.get(suiteName)];
  const having = suites.filter(({ scenarios }) => scenarios.has(name));
  const [suite, other] = having;
  if (suite === undefined) throw unknownScenario(name, suites);
  if (other === undefined) return { suite, scenario: suite.scenarios.get(name) };
  const names = having.map((each) => each.name).join(' and ');
  throw new UsageError(`suites ${names} both have a scenario '${name}'`, {
    hint: `say which: --suite ${suite.name}`,
  });
}

/** There are dozens of scenarios: the error names the nearest, and where the rest are listed. */
function unknownScenario(name: string, suites: readonly ScenarioSuite[]): UsageError {
  const near = didYouMean(
    name,
    suites.flatMap(({ scenarios }) => scenarios.names()),
  );
  const suggestion = near === undefined ? '' : ` (did you mean '${near}'?)`;
  const [only, other] = suites;
  const [where, option] =
    other === undefined ? [` in suite ${only?.name}`, ` --suite ${only?.name}`] : ['', ''];
  return new UsageError(`unknown scenario '${name}'${suggestion}${where}`, {
    hint: `\`p2msim validate --list${option}\` shows all scenarios and their parameters`,
  });
}
