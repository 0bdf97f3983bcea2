/**
 * What a CSV that was made from another trace says of itself: what that one could not say, what was assumed in reading it, and,
 * behind the last row, what was passed over and whether it ended early.
 *
 * Lines `# Key: value` with a capital letter, which versions that do not know them take for remarks.
 */
import { TraceError } from '../../errors.js';
import type { FieldPlace } from '../bad-records.js';
import { badRecord, quoted } from '../bad-records.js';
import type { PassedOver } from '../format.js';
import { PassedOverCounts } from '../passed-over.js';
import type { TraceFacts } from '../writers/writer.js';

/** Keys before the names of the columns; the second and third may be there more than once. */
const NOTE_KEYS = ['Made-from', 'Cannot-say', 'Assumes', 'Addresses'] as const;
type NoteKey = (typeof NOTE_KEYS)[number];

/** The key that `word` is: with its capital, which tells it from what a user may write. */
export function noteKey(word: string): NoteKey | undefined {
  return NOTE_KEYS.find((key) => key === word);
}

/** The key that `word` would be with a capital. */
export function nearNoteKey(word: string): NoteKey | undefined {
  return NOTE_KEYS.find((key) => key.toLowerCase() === word.toLowerCase());
}

const ENDED_EARLY = 'what this was made from ended early, by an error';
const PASSED_OVER = /^\s*#\s*Passed-over:\s*(\d{1,15})\s+(\S.*?)\s*$/;
/** The second form is that of versions which only wrote it. */
const INCOMPLETE = /^\s*#\s*(?:Incomplete:|What this was made from ended early,)/;

/** Lines of notes on a trace that was not a CSV at first, or that has some. */
export function noteLines({ source, lacks, assumes, virtual }: TraceFacts, generated: boolean): string[] {
  const lines = source === '' || source === 'csv' || generated ? [] : [`# Made-from: ${source}`];
  for (const what of lacks) lines.push(`# Cannot-say: ${what}`);
  for (const what of assumes ?? []) lines.push(`# Assumes: ${what}`);
  if (!virtual) lines.push('# Addresses: physical');
  return lines;
}

/** Lines behind the last row. */
export function closingLines(complete: boolean, passedOver: PassedOver): string[] {
  const lines = [...passedOver].map(([what, count]) => `# Passed-over: ${count} ${what}`);
  return complete ? lines : [...lines, `# Incomplete: ${ENDED_EARLY}`];
}

/** The notes of a CSV, as its lines are read. */
export class CsvNotes {
  source: string | undefined;
  virtual = true;
  readonly lacks: string[] = [];
  readonly assumes: string[] = [];
  readonly #file: string;
  readonly #passed = new PassedOverCounts();
  #incomplete: FieldPlace | null = null;

  constructor(file: string) {
    this.#file = file;
  }

  get passedOver(): PassedOver {
    return this.#passed.counts;
  }

  /** A note before the names of the columns. */
  note(key: NoteKey, value: string, place: FieldPlace): void {
    if (key === 'Addresses') {
      if (value === 'physical') this.virtual = false;
      return;
    }
    const text = this.#printable(value, place);
    if (key === 'Made-from') this.source = text;
    else (key === 'Assumes' ? this.assumes : this.lacks).push(text);
  }

  /** A comment below the names of the columns: most are remarks. */
  remark(text: string, line: number): void {
    const passed = PASSED_OVER.exec(text);
    const place = { line, column: 1, span: text.length, text };
    if (passed !== null) this.#passed.add(this.#printable(passed[2] ?? '', place), Number(passed[1]));
    else if (INCOMPLETE.test(text)) this.#incomplete = place;
  }

  /** Throws {@link TraceError} for a trace that says it is not whole; called behind its last row. */
  end(): void {
    if (this.#incomplete === null) return;
    const { line } = this.#incomplete;
    throw new TraceError(
      { file: this.#file, line },
      'what the trace was made from ended early, by an error',
      {
        hint: 'mend the trace that it was made from, and convert it again; without this line it is taken for whole',
      },
    );
  }

  /** Reports print it: a trace must not drive the terminal. */
  #printable(text: string, place: FieldPlace): string {
    if (!/\p{Cc}/u.test(text)) return text;
    throw badRecord(this.#file, place, `${quoted(text)} contains a control character`, 'leave it out');
  }
}
