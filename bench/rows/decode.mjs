/**
 * Decode rows: text to records without a machine: the scanner against csv-parse and against a whole replay, p2msim's own format
 * against gzip'd text.
 */
import { existsSync } from 'node:fs';
import { hasCommand, runProgram, shellSeconds, Worker } from '../children.mjs';
import { textOf } from '../traces.mjs';
import { REFERENCE_FLAGS, replayCost } from './end-to-end.mjs';

/** Decodes `path` whole in each pass; nanoseconds a record. */
function decoder(how, path) {
  const worker = new Worker('decode', [how, path]);
  return {
    pass: async () => {
      const { seconds, records } = await worker.ask({ what: 'pass' });
      return (seconds / records) * 1e9;
    },
    close: () => worker.close(),
  };
}

async function pair(baseline, subject) {
  await baseline.pass();
  await subject.pass();
  return {
    baseline: baseline.pass,
    subject: subject.pass,
    close: () => [baseline, subject].forEach((side) => side.close()),
  };
}

async function openCsv(context) {
  const long = await textOf(context, 'zipf', 'csv', context.quick ? 1_000_000 : 4_000_000);
  const short = await textOf(context, 'zipf', 'csv', context.quick ? 50_000 : 500_000);
  return pair(decoder('csv-parse', short.text), decoder('p2msim', long.text));
}

/** How much of a replay is the scanner's. */
async function openLackey(context) {
  const { text, n } = await textOf(context, 'sort');
  const scanner = decoder('p2msim', text);
  await scanner.pass();
  const args = ['replay', text, '-m', 'native', ...REFERENCE_FLAGS];
  return { baseline: async () => replayCost(context, args, n), subject: scanner.pass, close: scanner.close };
}

async function openOwnFormat(context) {
  if (!hasCommand(context, 'trace', 'convert')) {
    return { unavailable: "p2msim has no command 'trace convert'" };
  }
  const { text } = await textOf(context, 'sort');
  const own = `${text}.p2mtrace`;
  if (!existsSync(own)) runProgram(context, ['trace', 'convert', text, own]);
  if (!existsSync(`${text}.gz`)) shellSeconds(`gzip -6 -k '${text}'`);
  return pair(decoder('p2msim', `${text}.gz`), decoder('p2msim', own));
}

export const DECODE_ROWS = [
  {
    id: 'scan.lackey',
    title: 'lackey text to records alone over the whole replay, native, sort',
    unit: 'ns/record',
    sides: ['replay native', 'scanner'],
    open: openLackey,
  },
  {
    id: 'scan.csv',
    title: 'CSV scanner, speed over csv-parse (columns: true)',
    target: { floor: 20, goal: 40, better: 'higher' },
    unit: 'ns/record',
    sides: ['csv-parse', 'p2msim'],
    open: openCsv,
  },
  {
    id: 'p2mtrace',
    title: "p2mtrace decode, speed over gzip'd text",
    target: { floor: 3, goal: 5, better: 'higher' },
    unit: 'ns/record',
    sides: ["gzip'd text", 'p2mtrace'],
    open: openOwnFormat,
  },
];
