/**
 * CONFIG_SECTIONS: what stands at the top of a configuration file besides keys, one row each.
 *
 * The reader of the file (file.ts) hands over a section as it stands; who knows what it means reads it.
 */

/** A name at the top of a configuration file that is no configuration key. */
export interface ConfigSection {
  readonly name: string;
  /** One line; ends in no full stop. */
  readonly meaning: string;
}

export const CONFIG_SECTIONS = [
  { name: '$schema', meaning: 'for editors; passed over' },
  { name: 'preset', meaning: 'the core to model, as --preset takes it' },
  { name: 'budgets', meaning: 'metrics with the max and min that a run may have; docs/ci.md' },
] as const satisfies readonly ConfigSection[];

/** schema/config-shapes.ts has a shape for each. */
export type ConfigSectionName = (typeof CONFIG_SECTIONS)[number]['name'];
