/** An author of p2msim's own CSV: columns in any order, delimiters, quotes, comments, accesses and every event. */
import {
  type Author,
  type AuthoredFormat,
  type Draw,
  halves,
  type Said,
  said,
  type Written,
} from './draw.js';

const COLUMNS = 'op va size vcpu as pcid ip gfn level value perm order note'.split(' ');
const OPS = [
  ['R', 'R'],
  ['W', 'W'],
  ['X', 'X'],
  ['RW', 'M'],
  ['M', 'M'],
] as const;
const HOST = ['P2M.SET', 'P2M.DEL', 'SHARE', 'PAGEOUT', 'LOGDIRTY.ON', 'POOL'];
const RIGHTS = [
  ['rw', { read: true, write: true, exec: false }],
  ['xr', { read: true, write: false, exec: true }],
  ['none', { read: false, write: false, exec: false }],
] as const;

type Cells = Readonly<Record<string, string | number>>;
/** What an event has besides its kind, vcpu and line. */
type Fields = Readonly<Record<string, unknown>>;

class Scribe {
  readonly #columns: readonly string[];
  readonly #delimiter: string;
  /** Address space by vcpu; null after its exit. */
  readonly #on: (string | null)[] = Array.from({ length: 4 }, () => '0');

  constructor(header: string) {
    this.#delimiter = /[,;\t]/.exec(header)?.[0] ?? ',';
    this.#columns = header.split(this.#delimiter).map((name) => name.trim().toLowerCase());
  }

  line(draw: Draw, line: number): Written {
    if (draw.once(12)) return { bytes: draw.pick(['# a comment', '  # op,va', '#,,,']) };
    const vcpu = draw.once(3) ? draw.below(4) : 0;
    return draw.once(4) ? this.#event(draw, line, vcpu) : this.#access(draw, line, vcpu);
  }

  #access(draw: Draw, line: number, vcpu: number): Written {
    const [word, op] = draw.pick(OPS);
    const size = draw.once(5) ? 1 : draw.size();
    const va = draw.address(size);
    const as = draw.once(4) ? draw.pick(['0', 'p1', 'shell']) : '';
    const cells = {
      op: word,
      va: draw.hex(va, ['', '0x', '0X']),
      size: size === 1 ? '' : size,
      vcpu: vcpu === 0 ? draw.pick(['', 0]) : vcpu,
      as,
      ip: draw.once(6) ? draw.pick(['401000', 'main', '']) : '',
    };
    return {
      bytes: this.#row(draw, cells),
      says: [...this.#enter(as, vcpu, line), said(op, va, size, vcpu)],
    };
  }

  /** The row, its last cells left out where they are empty, some in quotes or with blanks around. */
  #row(draw: Draw, cells: Cells): string {
    const words = this.#columns.map((name) => String(cells[name] ?? ''));
    while (words.length > 1 && words.at(-1) === '' && !draw.once(3)) words.pop();
    const written = words.map((word) => {
      if (/[",]/.test(word) || draw.once(60)) return `"${word.replaceAll('"', '""')}"`;
      return word.includes(this.#delimiter) ? `"${word}"` : word;
    });
    return written.map((word) => (draw.once(40) ? ` ${word} ` : word)).join(this.#delimiter);
  }

  #enter(as: string, vcpu: number, line: number): Said[] {
    if (as === '' || this.#on[vcpu] === as) return [];
    this.#on[vcpu] = as;
    return [{ kind: 'switch', vcpu, line, as, noflush: false }];
  }

  #event(draw: Draw, line: number, vcpu: number): Written {
    const as = draw.once(4) ? draw.pick(['0', 'p1']) : '';
    const written = (cells: Cells, kind: string, fields: Fields = {}, inSpace = true): Written => ({
      bytes: this.#row(draw, { as: inSpace ? as : '', ...cells, vcpu: vcpu === 0 ? '' : vcpu }),
      says: [...(inSpace ? this.#enter(as, vcpu, line) : []), { kind, vcpu, line, ...fields }],
    });
    const va = draw.address();
    const hex = draw.hex(va, ['', '0x']);
    switch (draw.below(13)) {
      case 0:
      case 1:
        return this.#range(draw, written);
      case 2:
        return written({ op: 'INVLPG', va: hex }, 'invlpg', { va: halves(va) });
      case 3: {
        const [gfn, level, value] = [Number(draw.bits(40)), 1 + draw.below(4), draw.bits(64)];
        const cells = { op: 'PTW', va: hex, gfn: gfn.toString(16), level, value: value.toString(16) };
        return written(cells, 'ptw', { gfn, level, va: halves(va), value: halves(value) });
      }
      case 4: {
        const [pcid, noflush] = [draw.pick([null, 0, 4095]), draw.once(2)];
        const space = draw.pick(['0', 'p1', 'other']);
        this.#on[vcpu] = space;
        const cells = { op: 'CR3', as: space, pcid: pcid ?? '', note: noflush ? 'noflush' : '' };
        return written(cells, 'cr3', { as: space, pcid, noflush }, false);
      }
      case 5: {
        const name = draw.pick(['phase 2', 'a, "quoted" name', "it's; here", '', 'ü']);
        return written({ op: 'MARK', note: name }, 'mark', { name }, false);
      }
      case 6: {
        const gfn = draw.pick([null, Number(draw.bits(40))]);
        const [op, order] = [draw.pick(HOST), draw.below(41)];
        const cells = { op, gfn: gfn === null ? '' : `0x${gfn.toString(16)}`, order, note: 'text' };
        return written(cells, 'host', { op, gfn, order, note: 'text' }, false);
      }
      case 7:
        return written({ op: 'FORK', note: 'child' }, 'fork', { child: 'child' });
      case 8: {
        const gone = draw.pick(['', 'p1', 'child']);
        const says = written({ op: 'EXIT', as: gone }, 'exit', { as: gone === '' ? null : gone }, false);
        const name = gone === '' ? this.#on[vcpu] : gone;
        for (const [i, on] of this.#on.entries()) if (on === name) this.#on[i] = null;
        return says;
      }
      case 9:
        return written({ op: 'FAULT', va: hex, value: '7' }, 'fault', { va: halves(va), error: 7 });
      case 10:
        return written({ op: 'IPIFLUSH', va: hex }, 'ipiflush', { va: halves(va) });
      case 11:
        return written({ op: 'ROI', note: 'off' }, 'roi', { on: false }, false);
      default:
        return draw.once(2) ? written({ op: 'EXEC' }, 'exec') : written({ op: 'SYSCALL' }, 'syscall');
    }
  }

  #range(draw: Draw, written: (cells: Cells, kind: string, fields: Fields) => Written): Written {
    const [va, size] = [draw.page(), 1 + draw.below(1 << 21)];
    const bytes = 4096 * Math.ceil(size / 4096);
    const [rights, perm] = draw.pick(RIGHTS);
    const cells = { va: draw.hex(va, ['', '0x']), size };
    switch (draw.below(4)) {
      case 0:
        return written({ op: 'UNMAP', ...cells }, 'unmap', { va: halves(va), bytes });
      case 1:
        return written({ op: 'PROTECT', ...cells, perm: rights }, 'protect', { va: halves(va), bytes, perm });
      case 2:
        return written({ op: 'CLEARA', ...cells }, 'clear', { bit: 'A', va: halves(va), bytes });
      default: {
        const gfn = draw.pick([null, 0x400]);
        const [note, how, pageSize] = draw.pick([
          ['', 'populate', null],
          ['lazy 2m', 'lazy', '2m'],
          ['file', 'file', null],
        ] as const);
        const map = { va: halves(va), bytes, gfn, perm, how, pageSize };
        return written(
          { op: 'MAP', ...cells, perm: rights, note, gfn: gfn === null ? '' : '400' },
          'map',
          map,
        );
      }
    }
  }
}

/** `names` in an order of their own. */
function shuffled(draw: Draw, names: readonly string[]): string[] {
  const left = [...names];
  return names.map(() => left.splice(draw.below(left.length), 1)[0]!);
}

/** Rows that are wrong whatever the columns and the delimiter. */
const BAD = ['"R', 'hello', 'R"x"', '1000'];

export const csvAuthor: AuthoredFormat = {
  head: (draw) => {
    const columns = draw.once(2) ? COLUMNS : shuffled(draw, COLUMNS);
    const header = columns.join(draw.pick([',', ',', ';', '\t']));
    return [
      { bytes: '# vcpus: 4' },
      ...(draw.once(2) ? [{ bytes: '# made by hand' }, { bytes: '' }] : []),
      { bytes: draw.once(4) ? header.toUpperCase() : header },
    ];
  },
  author: (head): Author => {
    const scribe = new Scribe(String(head.at(-1)?.bytes));
    return (draw, line) => scribe.line(draw, line);
  },
  bad: BAD,
  blanks: ['', '  '],
};
