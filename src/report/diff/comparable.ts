/**
 * May these runs stand side by side in one comparison? The checks of `diff`, between the modes of `compare`.
 *
 * Modes of one pass have one trace and one configuration; that their guests did the same is still worth a look, for a
 * backend of a user's own may change guest tables. Results that were saved apart may differ in anything.
 */
import { UsageError } from '../../errors.js';
import type { SavedRun } from '../saved/saved-run.js';
import { inputDifferences, type InputKind, refusal } from './inputs.js';

/** Throws {@link UsageError} that names the keys in which a run differs from the first one, with both values. */
export function checkComparable(runs: readonly SavedRun[], allow: readonly InputKind[] = []): void {
  const [first, ...others] = runs;
  for (const run of others) {
    const differences = inputDifferences(first!, run);
    const refused = differences.filter(({ kind }) => !allow.includes(kind));
    if (refused.length > 0) throw refusal(first!, run, refused);
    if (differences.length === 0) checkGuests(first!, run);
  }
}

/** Runs that ended early may have stopped on either side of the event that ended them. */
function checkGuests(first: SavedRun, run: SavedRun): void {
  if (first.guestDigest === run.guestDigest || first.incomplete !== null || run.incomplete !== null) return;
  throw new UsageError(
    `modes ${first.mode} and ${run.mode} cannot be compared: their guests did different things`,
    {
      details: [`guestDigest  ${first.guestDigest} -> ${run.guestDigest}`],
      hint: 'guest page tables are equal in every mode at the end; a backend, or a version of p2msim, changed them',
    },
  );
}
