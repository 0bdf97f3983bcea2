/** `p2msim trace info`: what a trace holds: accesses, footprint, regions, working set, reuse distances, events. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { TraceProfile } from '../../index.js';
import type { Context, FullLibrary, TraceTools } from '../context.js';
import { openPart } from '../open-input.js';
import { asJson } from '../json-text.js';
import { Given, addFlags } from '../options.js';

const MIB = 2 ** 20;
/** Names of address spaces that are listed. */
const MAX_SPACES = 20;
/** Regions that are listed; the rest are summed up. */
const MAX_REGIONS = 20;

function grouped(n: number): string {
  return n.toLocaleString('en-US');
}

/** `      531 pages of 4K     2.07 MiB`. */
function footprintLine(pages: number, size: string, bytes: number, library: FullLibrary): string {
  const counted = `  ${grouped(pages).padStart(12)} ${noun(pages, 'page').padEnd(5)} of ${size}`;
  return `${counted}  ${library.binarySize(pages * bytes).padStart(12)}`;
}

const noun = (n: number, one: string, more = `${one}s`): string => (n === 1 ? one : more);

function counts(rows: readonly (readonly [string, number])[]): string[] {
  return rows.map(([what, n]) => `  ${grouped(n).padStart(12)} ${what}`);
}

function regionLines(profile: TraceProfile, library: TraceTools): string[] {
  const address = (page: number): string => {
    const { hi, lo } = library.addressOfVpn(page);
    return library.formatAddress(hi, lo);
  };
  const lines = profile.regions
    .slice(0, MAX_REGIONS)
    .map((region) => {
      const pages = `${grouped(region.pages).padStart(12)} ${noun(region.pages, 'page').padEnd(5)}`;
      return `${pages}  ${address(region.firstPage)} .. ${address(region.lastPage)}  as ${region.addressSpace}`;
    })
    .map((line) => `  ${line}`);
  const more = profile.regions.length - lines.length;
  return more > 0 ? [...lines, `  and ${grouped(more)} more`] : lines;
}

/** Stretches that are listed; where there are more, neighbours are put together. */
const MAX_WINDOWS = 10;

/** `  from access    200,000   531 pages`: the working set over time. */
function workingSetLines({ workingSet: { window, pages } }: TraceProfile): string[] {
  const together = Math.max(1, Math.ceil(pages.length / MAX_WINDOWS));
  const lines = [`Working set (pages of 4K in ${grouped(window)} accesses)`];
  for (let at = 0; at < pages.length; at += together) {
    const group = pages.slice(at, at + together);
    const mean = Math.round(group.reduce((sum, n) => sum + n, 0) / group.length);
    const most = together === 1 ? '' : ` on average, at most ${grouped(Math.max(...group))}`;
    lines.push(
      `  ${grouped(mean).padStart(12)} ${noun(mean, 'page')}${most}, from access ${grouped(at * window)}`,
    );
  }
  return lines;
}

function reuseLines({ reuse }: TraceProfile): string[] {
  const head = 'Reuse distance (other pages of 4K since the last access to this one)';
  if (reuse === null) return [head, '  not known: the trace touches more than 2^20 regions of 2 MiB'];
  const all = reuse.classes.reduce((sum, { accesses }) => sum + accesses, reuse.first);
  const share = (n: number): string => `${((100 * n) / Math.max(1, all)).toFixed(2).padStart(6)}%`;
  const row = (n: number, what: string): string => `  ${grouped(n).padStart(12)} ${share(n)}  ${what}`;
  // Classes that no access is in say nothing.
  const classes = reuse.classes
    .filter(({ accesses }) => accesses > 0)
    .map(({ from, to, accesses }) =>
      row(accesses, from === to ? grouped(from) : `${grouped(from)} to ${grouped(to)}`),
    );
  return [head, ...classes, row(reuse.first, 'first accesses')];
}

function eventLines({ eventKinds, tableEdits, records, part }: TraceProfile): string[] {
  const rate = (1000 * tableEdits) / Math.max(1, records);
  // Those of a skipped beginning have no accesses beside them.
  const often =
    part.skipped > 0 ? ', those among the skipped records too' : `: ${rate.toFixed(3)} per 1,000 accesses`;
  const edits = `  ${grouped(tableEdits).padStart(12)} of these edit tables${often}`;
  return ['Events', ...counts(Object.entries(eventKinds)), edits];
}

/** `address spaces: 0, b (3 in all: 1 more under the same names); vcpus: 0`. */
function placesLine({ addressSpaces, addressSpacesMade, vcpus }: TraceProfile): string {
  const again = addressSpacesMade - addressSpaces.length;
  const made =
    again > 0 ? ` (${grouped(addressSpacesMade)} in all: ${grouped(again)} more under the same names)` : '';
  const unnamed = addressSpaces.length - MAX_SPACES;
  const more = unnamed > 0 ? ` and ${grouped(unnamed)} more` : '';
  const names = `${addressSpaces.slice(0, MAX_SPACES).join(', ')}${more}`;
  return `address spaces: ${names}${made}; vcpus: ${vcpus.join(', ') || 'none is used'}`;
}

function incompleteLines({ incomplete, records }: TraceProfile): string[] {
  if (incomplete === null) return [];
  const covered = `${grouped(records)} ${noun(records, 'record')}`;
  return [`INCOMPLETE: ${incomplete}; the numbers cover the ${covered} before it`, ''];
}

/** The whole text, ending in a newline. */
function profileText(profile: TraceProfile, library: FullLibrary): string {
  const { ops, footprint, pagesBy } = profile;
  const lines = [
    ...incompleteLines(profile),
    `${profile.path}  ${profile.format}, ${grouped(profile.records)} ${noun(profile.records, 'record')}, sha256 ${profile.sha256.slice(0, 8)}`,
    '',
    'Accesses',
    ...counts([
      [noun(ops.read, 'read'), ops.read],
      [noun(ops.write, 'write'), ops.write],
      [noun(ops.modify, 'modify', 'modifies'), ops.modify],
      [noun(ops.fetch, 'fetch', 'fetches'), ops.fetch],
      [
        profile.pageCrossing === 1 ? 'that crosses a page border' : 'that cross a page border',
        profile.pageCrossing,
      ],
    ]),
    '',
    'Footprint',
    footprintLine(footprint.pages4k, '4K', 4096, library),
    footprintLine(footprint.pages2m, '2M', 2 * MIB, library),
    footprintLine(footprint.pages1g, '1G', 1024 * MIB, library),
    ...counts([
      [`${noun(pagesBy.read, 'page')} read`, pagesBy.read],
      [`${noun(pagesBy.written, 'page')} written`, pagesBy.written],
      [`${noun(pagesBy.fetched, 'page')} fetched from`, pagesBy.fetched],
    ]),
    '',
    'Regions (1 GiB or more apart)',
    ...(profile.regions.length === 0 ? ['  none: the trace has no access'] : regionLines(profile, library)),
  ];
  if (profile.records > 0) lines.push('', ...workingSetLines(profile), '', ...reuseLines(profile));
  if (profile.events > 0) lines.push('', ...eventLines(profile));
  lines.push('', placesLine(profile));
  for (const note of library.partNotes(profile.part)) lines.push(note);
  if (profile.badRecords > 0) lines.push(`bad records passed over: ${grouped(profile.badRecords)}`);
  lines.push(profile.addresses === 'virtual' ? 'addresses: virtual' : library.PHYSICAL_NOTE);
  for (const what of profile.assumes) lines.push(`assumed: ${what}`);
  for (const [what, n] of Object.entries(profile.passedOver))
    lines.push(`passed over: ${grouped(n)} ${what}`);
  if (profile.lacks.length > 0) lines.push(`not in this trace: ${profile.lacks.join(', ')}`);
  return `${lines.join('\n')}\n`;
}

export function addInfo(parent: CommandUnknownOpts, context: Context): void {
  const command = parent
    .command('info')
    .summary('print kinds of access, footprint, working set, reuse')
    .description(
      'Print what a trace holds: kinds of access, footprint by page size, regions, working set over time, reuse ' +
        'distances, events and the rate of table edits.',
    )
    .argument('<trace>', 'trace file, plain or compressed, or - for standard input')
    .option('--window <n>', 'accesses in a stretch of the working set (default: 100k)')
    .option('--json', 'print the profile as JSON');
  addFlags(command, 'input', 'part');
  command.action(async (path, values) => {
    const library = await context.loadFullLibrary();
    const given = new Given(values, library);
    const window = given.count('window', library.DEFAULT_WINDOW);
    if (window === 0) throw new library.UsageError('--window is 0; expected at least 1 access');
    const trace = await openPart(path, given, context, library);
    const { profile, error } = await library.profileWhatIsThere(trace, window).finally(() => trace.close());
    const text =
      values.json === true ? asJson(library.profileListing(profile)) : profileText(profile, library);
    context.stdout.write(text);
    if (error !== null) throw error;
  });
}
