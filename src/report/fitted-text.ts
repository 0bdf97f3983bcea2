/** Lists of names and what they mean, within the width of the terminal. */
import { wrap } from './grid.js';

/** Blanks, and names that blanks follow: what a line begins with, and its other lines have blanks for. */
const LEAD = /^ *(?:\S+ {2,})*/;

/** `text` with lines of at most `columns`, broken at blanks below where their own text begins. */
export function fittedText(text: string, columns: number): string {
  const lines = text.split('\n').flatMap((line) => {
    if (line.length <= columns) return [line];
    const [lead = ''] = LEAD.exec(line) ?? [];
    return wrap(line.slice(lead.length), columns, lead);
  });
  return lines.join('\n');
}
