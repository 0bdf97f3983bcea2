/**
 * The machine of the engine rows and of reference/hap.c, as settings on top of preset `reference`.
 */

/** Configuration A with the walker's caches of reference/hap.c. */
export const ENGINE_SETTINGS = [
  'guest.mode=premapped',
  ...arrays('pwc.l2', 32, 4),
  ...arrays('pwc.l3', 16, 4),
  ...arrays('pwc.l4', 4, 4),
  ...arrays('npwc.l2', 32, 4),
  ...arrays('ntlb', 128, 4),
];

function arrays(path, entries, ways) {
  return [`${path}.entries=${entries}`, `${path}.ways=${ways}`];
}
