/** Words of `diff` and of what else compares saved results. */
import type { InputKind } from '../index.js';
import type { Library } from './context.js';
import type { Given } from './options.js';

/** Kinds of input that `--allow-different` names: `config`, `trace,config`, several times. */
export function allowedKinds(given: Given, library: Library): readonly InputKind[] {
  const kinds = library.INPUT_KINDS;
  return given.list('allow-different').flatMap((text) =>
    text.split(',').map((word) => {
      const kind = kinds.find((each) => each === word.trim());
      if (kind !== undefined) return kind;
      const near = library.didYouMean(word, kinds);
      const suggestion = near === undefined ? '' : ` (did you mean '${near}'?)`;
      throw new library.UsageError(
        `--allow-different is '${word}'${suggestion}; expected ${kinds.join(', ')}, joined by commas`,
      );
    }),
  );
}
