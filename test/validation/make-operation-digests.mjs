/**
 * Writes data/xen-operations.json: a SHA-256 over the operations of each experiment that ran on Xen.
 *
 *   node test/validation/make-operation-digests.mjs xen-ops.trace.gz > test/validation/data/xen-operations.json
 *
 * The trace was printed by the measured guest's own source over a software MMU (8 MB compressed, not shipped).
 * An experiment's lines are all from its first load of the base space (CR3 0x800000) to the last store of its
 * clean-up, which ends where the next load of the base space follows; the very first line of the trace is the
 * guest's start-up. In TW the old value is left out: it is the software machine's. Each line ends in LF.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';

const BASE = 'CR3 0x800000';

/** Digest of one experiment in the making. */
function createExperiment() {
  return { name: null, ended: false, cleaning: false, lines: 0, hash: createHash('sha256') };
}

/** `TW gpa level va old new` without `old`. */
function withoutOld(line) {
  if (!line.startsWith('TW ')) return line;
  const [op, gpa, level, va, , value] = line.split(' ');
  return `${op} ${gpa} ${level} ${va} ${value}`;
}

async function digests(path) {
  const done = [];
  let current = createExperiment();
  let first = true;
  const finish = () =>
    done.push({ experiment: current.name, lines: current.lines, sha256: current.hash.digest('hex') });
  for await (const line of createInterface({ input: createReadStream(path).pipe(createGunzip()) })) {
    if (first) {
      if (line !== BASE) throw new Error(`the trace begins with '${line}', not with '${BASE}'`);
      first = false;
      continue;
    }
    if (line === BASE && current.cleaning) {
      finish();
      current = createExperiment();
    } else if (line === BASE && current.ended) current.cleaning = true;
    if (line.startsWith('EXP ')) current.name = line.trimEnd();
    if (line === 'END') current.ended = true;
    current.hash.update(`${withoutOld(line).trimEnd()}\n`);
    current.lines += 1;
  }
  finish();
  return done;
}

const [path] = process.argv.slice(2);
if (path === undefined) {
  process.stderr.write('usage: node make-operation-digests.mjs xen-ops.trace.gz\n');
  process.exit(2);
}
const rows = (await digests(path)).map((row) => `    ${JSON.stringify(row)}`);
process.stdout.write(`{
  "source": "xen-ops.trace.gz: operations of the guest measured on Xen 4.17, printed by its own source over a software MMU",
  "madeBy": "test/validation/make-operation-digests.mjs, which says how lines are split and digested",
  "experiments": [
${rows.join(',\n')}
  ]
}
`);
