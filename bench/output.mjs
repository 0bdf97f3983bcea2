/**
 * Results as text: a row as soon as it is measured, a Markdown table, the machine, and the place in docs/performance.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const BEGIN = '<!-- bench: written by `npm run bench -- --docs` -->';
const END = '<!-- bench: end -->';

/** Three digits that mean something. */
export function figure(value) {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function spread({ median, min, max }) {
  return `${figure(median)} (${figure(min)}..${figure(max)})`;
}

const withUnit = (value, unit) => (unit === 'x' ? `${figure(value)}x` : `${figure(value)} ${unit}`);

function limits({ target, result }) {
  const sign = target.better === 'lower' ? '<=' : '>=';
  return [target.floor, target.goal].map((limit) => `${sign} ${limit}${result === 'x' ? 'x' : ` ${result}`}`);
}

function checkText(row) {
  return row.checks.map(({ digest, of, differences }) =>
    differences.length === 0
      ? `digest ${digest} ${of.join(' = ')}`
      : `DIGESTS DIFFER: ${differences.join('; ')}`,
  );
}

const whyNot = ({ failed, unavailable }) =>
  `${failed === true ? 'fell over' : 'not available'}: ${unavailable}`;

/** One row as it is printed, on two lines or more. */
export function rowText(row) {
  if (row.unavailable !== undefined) return `${row.id.padEnd(22)} ${row.title}\n    ${whyNot(row)}`;
  const [one, other] = row.sides;
  const figures = `${one} ${spread(row.baseline)}, ${other} ${spread(row.subject)} ${row.unit}`;
  const [floor, goal] = row.target === null ? [] : limits(row);
  const aim = floor === undefined ? '' : `, floor ${floor}, goal ${goal}`;
  const more = [...row.notes, ...checkText(row)].map((line) => `\n    ${line}`).join('');
  return `${row.id.padEnd(22)} ${row.title}\n    ${figures}\n    ${withUnit(row.value, row.result)}${aim}: ${row.verdict}${more}`;
}

export function machineText({ machine, rounds, records, quick }) {
  const { cpu, cores, memoryGiB, system, node, compiler, load } = machine;
  const how = `${rounds} rounds, ${records / 1e6}M records${quick ? ', quick: mostly cold code' : ''}`;
  const built = compiler === null ? 'no C compiler' : `references built by ${compiler} -O3 -march=native`;
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}, ${built}; ${how}; load ${load.toFixed(1)} at the start`;
}

function markdownRow(row) {
  if (row.unavailable !== undefined) return [row.id, row.title, '', '', '', '', '', whyNot(row)];
  const [floor, goal] = row.target === null ? ['', ''] : limits(row);
  const side = (which, index) => `${row.sides[index]} ${spread(row[which])} ${row.unit}`;
  return [
    row.id,
    row.title,
    side('baseline', 0),
    side('subject', 1),
    withUnit(row.value, row.result),
    floor,
    goal,
    row.verdict,
  ];
}

export function markdown(report) {
  const head = [
    'row',
    'what',
    'baseline: median (min..max)',
    'p2msim: median (min..max)',
    'result',
    'floor',
    'goal',
    'verdict',
  ];
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rows = report.rows.map((row) => line(markdownRow(row)));
  const digests = report.rows.flatMap((row) => row.checks ?? []);
  const same = digests.every(({ differences }) => differences.length === 0);
  return [
    machineText(report),
    '',
    line(head),
    line(head.map(() => '---')),
    ...rows,
    '',
    `${digests.length} comparisons of counters between p2msim and the references: ${same ? 'all equal' : 'SOME DIFFER'}.`,
    '',
  ].join('\n');
}

/** Puts the table between the markers of a document, which stays as prettier has it. */
export async function writeInto(path, text) {
  const document = readFileSync(path, 'utf8');
  const from = document.indexOf(BEGIN);
  const to = document.indexOf(END);
  if (from < 0 || to < from) throw new Error(`${path} has no place for the table: ${BEGIN} ... ${END}`);
  const { format, resolveConfig } = await import('prettier');
  const whole = `${document.slice(0, from)}${BEGIN}\n\n${text}\n${document.slice(to)}`;
  writeFileSync(path, await format(whole, { ...(await resolveConfig(path)), filepath: path }));
}
