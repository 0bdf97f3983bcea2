/**
 * SUITES: the measured guests and their scenarios, one line for each.
 */
import { UsageError } from '../errors.js';
import { Registry, unknownName } from '../util/registry.js';
import { KVM_SUITE } from './kvm/index.js';
import type { ScenarioSuite } from './scenario.js';
import { XEN_SUITE } from './xen/index.js';

export const SUITES = new Registry<ScenarioSuite>('suite', [XEN_SUITE, KVM_SUITE]);

/** The suite called `name`, or else the only one that has the scenario. */
export function suiteOf(scenario: string, name?: string): ScenarioSuite {
  if (name !== undefined) return SUITES.get(name);
  const having = SUITES.all().filter(({ scenarios }) => scenarios.has(scenario));
  const [only, other] = having;
  if (only === undefined) {
    const known = SUITES.all().flatMap(({ scenarios }) => scenarios.names());
    throw unknownName('scenario', scenario, [...new Set(known)]);
  }
  if (other === undefined) return only;
  const names = having.map((suite) => suite.name).join(' and ');
  throw new UsageError(`suites ${names} both have a scenario '${scenario}'`, {
    hint: `say which: --suite ${only.name}`,
  });
}
