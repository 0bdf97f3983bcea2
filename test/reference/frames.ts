/** Guest frames: one ascending allocator, thp runs, users of frames, what is a table (rules 7.1, 8.1). */
import type { AddressSpace, Machine } from './machine.js';

export class Frames {
  #m: Machine;
  /** Called when RAM has doubled. */
  #onGrowth: () => void;
  /** Frames in use as guest tables. */
  tables = new Set<number>();
  /** Leaves that map a frame (8.1, "users"). */
  users = new Map<number, number>();
  #nextFrame = 0x1000;
  #free: number[] = [];
  /** First frame of the run of 512 for a 2 MiB range of an address space. */
  #runs = new Map<string, number>();
  /** Runs that came back, last in last. */
  #freeRuns: { base: number; n: number }[] = [];

  constructor(machine: Machine, onGrowth: () => void) {
    this.#m = machine;
    this.#onGrowth = onGrowth;
  }

  takeFrame(): number {
    const freed = this.#free.pop();
    if (freed !== undefined) return freed;
    this.#needRam(this.#nextFrame + 1);
    return this.#nextFrame++;
  }

  /** An aligned run of n frames, at the next multiple of n; frames skipped are lost. */
  takeRun(n: number): number {
    const back = this.#freeRuns.findLastIndex((run) => run.n === n);
    if (back >= 0) return this.#freeRuns.splice(back, 1)[0]!.base;
    for (;;) {
      const base = Math.ceil(this.#nextFrame / n) * n;
      if (base + n <= this.#m.p2m.ram) {
        this.#nextFrame = base + n;
        return base;
      }
      this.#needRam(base + n);
    }
  }

  #needRam(frames: number): void {
    while (frames > this.#m.p2m.ram) {
      if (this.#m.config.guest.ram !== 'auto') throw new Error('the guest is out of RAM');
      this.#m.p2m.grow(this.#m.p2m.ram * 2);
      this.#onGrowth();
    }
  }

  takeTable(): number {
    const gfn = this.takeFrame();
    this.tables.add(gfn);
    return gfn;
  }

  freeTable(gfn: number): void {
    this.tables.delete(gfn);
    this.#free.push(gfn);
  }

  /** A frame for the data page vpn; with `thp` from the run of its 2 MiB, if it is free (7.1). */
  takeData(space: AddressSpace, vpn: number): number {
    if (this.#m.config.guest.frames !== 'thp') return this.takeFrame();
    const key = `${space.id} ${Math.floor(vpn / 512)}`;
    let run = this.#runs.get(key);
    if (run === undefined) {
      run = this.takeRun(512);
      this.#runs.set(key, run);
    }
    const frame = run + (vpn % 512);
    return this.users.has(frame) ? this.takeFrame() : frame;
  }

  addUsers(gfn: number, pages: number): void {
    for (let i = 0; i < pages; i++) this.users.set(gfn + i, (this.users.get(gfn + i) ?? 0) + 1);
  }

  /** A frame without users is freed, a whole run as a run; frames that are not counted stay (7.1, 8.1). */
  dropUsers(gfn: number, pages: number): void {
    const frames = Array.from({ length: pages }, (_, i) => gfn + i);
    const whole = pages > 1 && frames.every((frame) => this.users.get(frame) === 1);
    for (const frame of frames) {
      const users = this.users.get(frame);
      if (users === undefined) continue;
      if (users > 1) this.users.set(frame, users - 1);
      else this.users.delete(frame);
      if (users === 1 && !whole) this.#give(frame);
    }
    if (whole) this.#freeRuns.push({ base: gfn, n: pages });
  }

  /** A frame of a thp run stays with it until none of the run is in use (7.1). */
  #give(gfn: number): void {
    for (const [key, run] of this.#runs) {
      if (gfn < run || gfn >= run + 512) continue;
      for (let frame = run; frame < run + 512; frame++) if (this.users.has(frame)) return;
      this.#runs.delete(key);
      this.#freeRuns.push({ base: run, n: 512 });
      return;
    }
    this.#free.push(gfn);
  }
}
