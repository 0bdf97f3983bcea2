/**
 * Writes records as text and for the references: SOURCE RECORDS FORMAT TEXT BINARY.
 */
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { toBinary, toCsv, toLackey } from '../mixes.mjs';
import { serve } from './serve.mjs';
import { sourceRecords } from './source.mjs';

const [source, n, format, text, binary] = process.argv.slice(2);
const records = await sourceRecords(source, Number(n));
writeFileSync(binary, toBinary(records));
const file = openSync(text, 'w');
for (const piece of format === 'csv' ? toCsv(records) : toLackey(records)) writeSync(file, piece);
closeSync(file);

serve({ ready: () => ({ ready: true }) });
