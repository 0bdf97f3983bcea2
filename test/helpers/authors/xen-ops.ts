/** An author of the operations of the guest on Xen, without its boot. */
import {
  type Author,
  type AuthoredFormat,
  type Draw,
  halves,
  type Said,
  said,
  type Written,
} from './draw.js';

const DIRECT_MAP = 0xffff_8800_0000_0000n;
const hex = (value: bigint): string => `0x${value.toString(16)}`;

class Guest {
  /** Frames that were stored to as tables. */
  readonly #tables = new Set<bigint>();

  line(draw: Draw, line: number): Written {
    const va = draw.address();
    // A few frames, so that tables are zeroed, and one far up.
    const frame = draw.pick([0x1001n, 0x1002n, 0x1003n, 0xfffffffn]) << 12n;
    const other = (0x2000n + draw.bits(8)) << 12n;
    const entry = frame + 8n * draw.bits(9);
    const value = draw.bits(64);
    const event = (kind: string, fields: object): Said => ({ kind, vcpu: 0, line, ...fields });
    switch (draw.below(15)) {
      case 0:
        return { bytes: `R ${hex(va)}`, says: [said('R', va, 1)] };
      case 1:
        return { bytes: `W ${hex(va)}`, says: [said('W', va, 1)] };
      case 2: {
        const error = draw.below(4);
        return { bytes: `FAULT ${hex(va)} ${error}`, says: [event('fault', { va: halves(va), error })] };
      }
      case 3:
        return {
          bytes: `TR ${hex(entry)} ${draw.once(2) ? '0' : hex(value)}`,
          says: [said('R', DIRECT_MAP + entry, 8)],
        };
      case 4:
      case 5:
        return this.#tableStore(draw, entry, va, value, event);
      case 6:
        this.#tables.add(frame);
        return { bytes: `DW ${hex(entry)} ${hex(value)}`, says: [this.#store(entry, 1, null, value, event)] };
      case 7:
        return { bytes: `Z ${hex(frame)}`, says: this.#zero(frame, event) };
      case 8: {
        const says = [said('R', DIRECT_MAP + other, 4096), said('W', DIRECT_MAP + frame, 4096)];
        return { bytes: `C ${hex(frame)} ${hex(other)}`, says };
      }
      case 9:
        return { bytes: `INVLPG ${hex(va)}`, says: [event('invlpg', { va: halves(va) })] };
      case 10: {
        const load = event('cr3', { as: hex(frame), pcid: null, noflush: false });
        return { bytes: `CR3 ${hex(frame)}`, says: [load, said('X', 0x20_0000n, 1)] };
      }
      case 11:
        return { bytes: 'CPUID', says: [event('cpuid', {})] };
      case 12: {
        const on = draw.below(2);
        return { bytes: `CR4 pge=${on}`, says: on === 0 ? [event('flushall', {})] : [] };
      }
      case 13: {
        const on = draw.once(2);
        return { bytes: on ? 'START' : 'END', says: [event('roi', { on })] };
      }
      default: {
        if (draw.once(2)) return { bytes: 'IRET' };
        const name = `EXP ${draw.below(99)} touch n=${draw.below(9)}`;
        return { bytes: name, says: [event('mark', { name })] };
      }
    }
  }

  #tableStore(
    draw: Draw,
    entry: bigint,
    va: bigint,
    value: bigint,
    event: (kind: string, fields: object) => Said,
  ): Written {
    this.#tables.add((entry >> 12n) << 12n);
    const level = 1 + draw.below(4);
    const index = (entry >> 3n) & 511n;
    // The address picks this entry, or does not; then any that does stands for it.
    const shift = BigInt(12 + 9 * (level - 1));
    const picks = draw.once(2)
      ? (index << shift) | (index > 255n && level === 4 ? 0xffff_0000_0000_0000n : 0n)
      : va;
    const fits = ((picks >> shift) & 511n) === index;
    const bytes = `TW ${hex(entry)} ${level} ${hex(picks)} ${hex(draw.bits(64))} ${hex(value)}`;
    return { bytes, says: [this.#store(entry, fits ? level : 1, fits ? picks : null, value, event)] };
  }

  #store(
    entry: bigint,
    level: number,
    va: bigint | null,
    value: bigint,
    event: (kind: string, fields: object) => Said,
  ): Said {
    const index = (entry >> 3n) & 511n;
    return event('ptw', {
      gfn: Number(entry >> 12n),
      level,
      va: halves(va ?? index << 12n),
      value: halves(value),
    });
  }

  /** A frame that was never a table is one access; a table is 512 stores. */
  #zero(frame: bigint, event: (kind: string, fields: object) => Said): Said[] {
    if (!this.#tables.has(frame)) return [said('W', DIRECT_MAP + frame, 4096)];
    return Array.from({ length: 512 }, (_, i) => this.#store(frame + 8n * BigInt(i), 1, null, 0n, event));
  }
}

export const xenOpsAuthor: AuthoredFormat = {
  author: (): Author => {
    const guest = new Guest();
    return (draw, line) => guest.line(draw, line);
  },
  bad: [
    'R',
    'R 1000',
    'R 0x800000000000',
    'W 0x1 0x2',
    'FAULT 0x1000 4',
    'TW 0x1008 5 0x0 0x0 0x0',
    'IRET 1',
    'TW 0x1004 1 0x0 0x0 0x0',
    'DW 0x10000000000 0x1',
    'Z 0x1008',
    'C 0x1000',
    'CR3 0x1',
    'CR4 pge=2',
    'r 0x1',
    'INVLPG',
    'DW 0x1008 xyz',
    'CPUID 1',
    'HLT',
  ],
  blanks: ['', '  '],
};
