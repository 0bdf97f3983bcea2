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
  const pointsOf =
    points === null ? counted(lines.length, 'point') : `${lines.length} of ${counted(points, 'point')}`;
  const whole = `batch ${collection.sweep.slice(0, 8)}: ${pointsOf} from ${counted(files.length, 'file')}`;
  const notes = [
    repeated > 0 ? `${counted(repeated, 'line')} repeated, the same bytes each time: dropped` : null,
    superseded > 0 ? `${counted(superseded, 'failure')} of points that another line has: dropped` : null,
    torn.length > 0 ? `a last line without its end, passed over: ${torn.join(', ')}` : null,
    points === null ? 'NO HEADER: no file says how many points there should be' : null,
    missing.length > 0 ? `MISSING ${counted(missing.length, 'point')}: ${listed(missing)}` : null,
    failed.length > 0 ? `FAILED ${counted(failed.length, 'point')}: ${listed(failed)}` : null,
  ].filter((note) => note !== null);
  const hint = missing.length + failed.length > 0 ? rerunHints(collection, failed) : [];
  if (hint.length === 0 && points === null) hint.push(HEADER_HINT);
  return [whole, ...notes.map((note) => `  ${note}`), ...failures(collection, failed), ...hint, ''].join(
    '\n',
  );
}

const HEADER_HINT =
  'hint: the header is the first line of what `sweep --results FILE` wrote: collect that file as it is; --partial takes what is there';

/** What helps: another run for what is missing or failed by chance; for a configuration that cannot be, none does. */
function rerunHints({ lines, missing }: Collection, failed: readonly number[]): string[] {
  const impossible = lines.filter(({ number, error }) => failed.includes(number) && error?.kind === 'config');
  const others = failed.length - impossible.length;
  const first = others > 0 ? 'delete the lines of failed points, then ' : '';
  const partial = '--partial takes what is there';
  const again = `${first}run the sweep again with \`--results FILE --resume\`, and collect again`;
  if (impossible.length === 0) return [`hint: ${again}; ${partial}`];
  const cannot = impossible.length === 1 ? 'a point that cannot be fails' : 'points that cannot be fail';
  const exclude = `${cannot} every time: leave out the values, or exclude the combination; ${partial}`;
  return [...(others + missing.length > 0 ? [`hint: ${again}`] : []), `hint: ${exclude}`];
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
