/**
 * How numbers are written for people: thousands separators, KiB/MiB, shares, ratios.
 *
 * Locale-free, so that equal results give equal bytes. Ratios are made here, never stored.
 */

/** Bytes of one table page. */
export const PAGE_BYTES = 4096;

/** `1234567` as `1,234,567`. */
export function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A size in bytes as `0 B`, `4.00 KiB`, `2.01 MiB`, `1.50 GiB`. */
export function binarySize(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${value.toFixed(2)} ${units[unit] ?? ''}`;
}

/** Size of a number of 4 KiB pages. */
export function pageSize(pages: number): string {
  return binarySize(pages * PAGE_BYTES);
}

/** `part` of `whole` as `12.34%`; empty if there is no whole. */
export function percent(part: number, whole: number): string {
  return whole > 0 ? `${((part / whole) * 100).toFixed(2)}%` : '';
}

/** `part` per `whole` with two decimals; empty if there is no whole. */
export function per(part: number, whole: number): string {
  if (whole <= 0) return '';
  const [integer = '', decimals = ''] = (part / whole).toFixed(2).split('.');
  return `${grouped(Number(integer))}.${decimals}`;
}

/** `1 page`, `2 pages`, `1,000 pages`. */
export function counted(n: number, singular: string, plural: string = `${singular}s`): string {
  return `${grouped(n)} ${n === 1 ? singular : plural}`;
}
