/** Export: what a collection is written as: one file in exports/ and one line in its index. */
import type { Collection } from '../collect.js';

export interface ExportOptions {
  /** Globs joined by commas; null for the format's own choice. */
  readonly metrics: string | null;
}

export interface ExportFormat {
  readonly name: string;
  /** One line, for `--help`. */
  readonly summary: string;
  /** File name extensions that mean this format. */
  readonly extensions: readonly string[];
  /** The whole file. */
  write(collection: Collection, options: ExportOptions): Promise<string | Uint8Array>;
}
