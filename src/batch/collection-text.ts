/** What `collect` tells people: how much is there, what is not, and what contradicts what. */
import { counted } from '../report/numbers.js';
import { type Collection, numberRanges, numbersOf } from './collect.js';

/** Numbers that are listed before the rest is only counted. */
const LISTED_RANGES = 12;

function listed(numbers: readonly number[]): string {
  const ranges = numberRanges(numbers).split(', ');
  if (ranges.length <= LISTED_RANGES) return ranges.join(', ');
  return `${ranges.slice(0, LISTED_RANGES).join(', ')} and ${ranges.length - LISTED_RANGES} more ranges`;
}

/** One line for what was collected, one for each thing to know about it. */
export function collectionText(collection: Collection): string {
  const { points, lines, missing, files, repeated, superseded, torn } = collection;
  const failed = numbersOf(collection, 'failed');
  const of = points === null ? '' : ` of ${points}`;
  const whole = `batch ${collection.sweep.slice(0, 8)}: ${lines.length}${of} points from ${counted(files.length, 'file')}`;
  const notes = [
    repeated > 0 ? `${counted(repeated, 'line')} repeated, the same bytes each time: dropped` : null,
    superseded > 0 ? `${counted(superseded, 'failure')} of points that another line has: dropped` : null,
    torn.length > 0 ? `a last line without its end, passed over: ${torn.join(', ')}` : null,
    points === null ? 'NO HEADER: no file says how many points there should be' : null,
    missing.length > 0 ? `MISSING ${counted(missing.length, 'point')}: ${listed(missing)}` : null,
    failed.length > 0 ? `FAILED ${counted(failed.length, 'point')}: ${listed(failed)}` : null,
  ].filter((note) => note !== null);
  const hint = missing.length + failed.length > 0 ? [rerunHint(failed.length > 0)] : [];
  if (hint.length === 0 && points === null) hint.push(HEADER_HINT);
  return [whole, ...notes.map((note) => `  ${note}`), ...failures(collection, failed), ...hint, ''].join(
    '\n',
  );
}

const HEADER_HINT =
  'hint: the header is the first line of what `sweep --results FILE` wrote: collect that file as it is; --partial takes what is there';

function rerunHint(failed: boolean): string {
  const first = failed ? 'delete the lines of failed points, then ' : '';
  return `hint: ${first}run the sweep again with \`--results FILE --resume\`, and collect again; --partial takes what is there`;
}

/** The first failures in their own words. */
function failures({ lines }: Collection, failed: readonly number[]): string[] {
  const shown = lines.filter(({ number }) => failed.slice(0, 3).includes(number));
  return shown.map(({ number, error }) => `    ${number}: ${error?.kind ?? ''}: ${error?.message ?? ''}`);
}

export function contradictionText({ contradictions }: Collection): string {
  const shown = contradictions
    .slice(0, 5)
    .flatMap(({ number, places, differ }) => [
      `error: point ${number} has two results: ${places[0]} and ${places[1]}`,
      ...differ.map((line) => `  ${line}`),
    ]);
  const more = contradictions.length - 5;
  return [
    ...shown,
    ...(more > 0 ? [`error: ${counted(more, 'more point')} like that`] : []),
    'hint: nothing was written; delete the line that is wrong (`p2msim replay` with its configuration tells which), and collect again',
    '',
  ].join('\n');
}
