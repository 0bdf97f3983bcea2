/** What is wrong with a field of a document, said by whoever checks its values without knowing where they stand. */
import { ConfigError } from '../errors.js';
import type { JsonPath } from '../util/json-mistake.js';

export class FieldMistake extends ConfigError {
  readonly path: JsonPath;
  readonly at: 'name' | 'value';
  /** The message without the file. */
  readonly said: string;

  constructor(
    file: string,
    path: JsonPath,
    said: string,
    { at = 'value', hint }: { at?: 'name' | 'value'; hint?: string | undefined } = {},
  ) {
    super(`${file}: ${said}`, hint === undefined ? {} : { hint });
    this.path = path;
    this.at = at;
    this.said = said;
  }
}
