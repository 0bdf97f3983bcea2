/** Flag: one row of the flag tables; options.ts makes an option of commander of it. */
export type FlagGroup = 'Input' | 'Run' | 'Model' | 'Hardware' | 'Output' | 'CI';

export interface Flag {
  readonly group: FlagGroup;
  /** In commander's notation. */
  readonly flags: string;
  /** One line, with choices. */
  readonly what: string;
  /** Shown as `(default: ...)`. */
  readonly shown?: string;
  /** May be given several times. */
  readonly repeatable?: boolean;
  /** Configuration key that it sets. */
  readonly key?: string;
}

/** `--p2m-page-size <size>` -> `--p2m-page-size`. */
export function longName(flag: Flag): string {
  return /--[a-z0-9-]+/.exec(flag.flags)?.[0] ?? flag.flags;
}
