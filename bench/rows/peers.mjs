/**
 * Peers that are on the machine, for information: valgrind's cachegrind, which runs the program itself; DynamoRIO's tracer and
 * libCacheSim's command if they are in PATH.
 */
import { findProgram, PROGRAM, shellSeconds } from '../children.mjs';
import { textOf } from '../traces.mjs';
import { REFERENCE_FLAGS, replayCost } from './end-to-end.mjs';

/** A small real program: sorts this many lines. */
const sorted = (context) => `seq 1 ${context.quick ? 500 : 5000} | LC_ALL=C sort`;

async function openCachegrind(context) {
  const valgrind = findProgram('valgrind');
  if (valgrind === null) return { unavailable: 'valgrind is not in PATH' };
  const input = `seq 1 ${context.quick ? 500 : 5000}`;
  const tool = (flags, rest) => `${input} | LC_ALL=C '${valgrind}' ${flags} sort ${rest}`;
  const total = ({ user, system }) => 1e3 * (user + system);
  const own = `'${process.execPath}' '${PROGRAM}' replay - -m native ${REFERENCE_FLAGS.join(' ')}`;
  return {
    notes: ['user and system time; both run the program under valgrind', sorted(context)],
    baseline: async () =>
      total(
        shellSeconds(
          tool('--tool=cachegrind --cache-sim=yes --cachegrind-out-file=/dev/null', '> /dev/null'),
        ),
      ),
    subject: async () =>
      total(
        shellSeconds(
          tool('--tool=lackey --trace-mem=yes --log-fd=9', `9>&1 > /dev/null | ${own} > /dev/null`),
        ),
      ),
    close: () => {},
  };
}

/** libCacheSim on text: one object, a page number, per line; one LRU of 1,536 entries. */
async function openCachesim(context) {
  const cachesim = findProgram('cachesim');
  if (cachesim === null) return { unavailable: 'cachesim is not in PATH' };
  const { text, n } = await textOf(context, 'sort');
  const pages = `${text}.pages`;
  shellSeconds(`awk '{sub(/,.*/,"",$2); print substr($2, 1, length($2) - 3)}' '${text}' > '${pages}'`);
  return {
    notes: ['one LRU of 1,536 pages against two levels of TLBs'],
    baseline: async () => (shellSeconds(`'${cachesim}' '${pages}' txt lru 1536`).user / n) * 1e9,
    subject: async () => replayCost(context, ['replay', text, '-m', 'native', ...REFERENCE_FLAGS], n),
    close: () => {},
  };
}

/** DynamoRIO runs the program with its TLB simulator attached. */
async function openDrmemtrace(context) {
  const drrun = findProgram('drrun');
  if (drrun === null) return { unavailable: 'drrun is not in PATH' };
  const valgrind = findProgram('valgrind');
  if (valgrind === null) return { unavailable: 'valgrind is not in PATH to make the trace for p2msim' };
  const input = `seq 1 ${context.quick ? 500 : 5000}`;
  const own = `'${process.execPath}' '${PROGRAM}' replay - -m native ${REFERENCE_FLAGS.join(' ')}`;
  const total = ({ user, system }) => 1e3 * (user + system);
  return {
    notes: ['user and system time', sorted(context)],
    baseline: async () =>
      total(
        shellSeconds(`${input} | LC_ALL=C '${drrun}' -t drmemtrace -simulator_type TLB -- sort > /dev/null`),
      ),
    subject: async () =>
      total(
        shellSeconds(
          `${input} | LC_ALL=C '${valgrind}' --tool=lackey --trace-mem=yes --log-fd=9 sort 9>&1 >/dev/null | ${own}`,
        ),
      ),
    close: () => {},
  };
}

const peer = (id, title, unit, sides, open) => ({
  id: `peer.${id}`,
  title,
  unit,
  sides,
  mostRounds: 3,
  optional: true,
  open,
});

export const PEER_ROWS = [
  peer(
    'cachegrind',
    'valgrind lackey into p2msim over cachegrind, same program',
    'ms',
    ['cachegrind', 'p2msim'],
    openCachegrind,
  ),
  peer(
    'cachesim',
    'replay of text over libCacheSim cachesim',
    'ns/record',
    ['cachesim', 'p2msim'],
    openCachesim,
  ),
  peer(
    'drmemtrace',
    'valgrind lackey into p2msim over drmemtrace, same program',
    'ms',
    ['drmemtrace', 'p2msim'],
    openDrmemtrace,
  ),
];
