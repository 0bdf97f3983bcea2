/**
 * Unfinished: how far a replay has come, to be said when Ctrl-C, SIGTERM or SIGHUP ends it. Results are written at the end, all
 * together, so that there are none then.
 */
import type { OnProgress, Progress } from './progress.js';

export class Unfinished {
  readonly #traces: readonly string[];
  /** The trace that is being replayed, from 0. */
  #at = 0;
  #records = 0;
  #share = '';
  #progress: Progress | null = null;

  constructor(traces: readonly string[]) {
    this.#traces = traces;
  }

  /** The trace at `at` is replayed from now on. */
  begin(at: number): void {
    [this.#at, this.#records, this.#share, this.#progress] = [at, 0, '', null];
  }

  /** Told how far it is; shows `progress` on. */
  report(progress: Progress): OnProgress {
    return (records, bytesRead, totalBytes) => {
      this.#records = records;
      this.#progress = progress;
      const known = totalBytes !== null && totalBytes > 0;
      this.#share = known ? `, ${Math.floor((100 * bytesRead) / totalBytes)}% of it` : '';
      progress.report?.(records, bytesRead, totalBytes);
    };
  }

  /** `interrupted after 1,200,000 records of b.csv, 43% of it (trace 2 of 3): ...`. */
  say(write: (text: string) => unknown): void {
    this.#progress?.end();
    const trace = this.#traces[this.#at] ?? '';
    const several = this.#traces.length > 1;
    const which = several ? ` (trace ${this.#at + 1} of ${this.#traces.length})` : '';
    const others = this.#at > 0 ? ', of the traces before it neither' : '';
    const records = `${this.#records.toLocaleString('en-US')} record${this.#records === 1 ? '' : 's'}`;
    write(
      `interrupted after ${records} of ${trace}${this.#share}${which}: it is not finished, and no result is written${others}\n`,
    );
  }
}
