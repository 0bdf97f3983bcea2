/**
 * Writes src/kernels/binary.ts: the kernels of src/kernels/assembly, compiled from AssemblyScript to WebAssembly.
 *
 * The file says what it was made of; it is only made again if that has changed.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';

const FROM = 'src/kernels/assembly';
const TO = 'src/kernels/binary.ts';
/** Kernels, and how many 64 KiB pages of memory each has: all it will ever need, so that JavaScript's views of it last. */
const KERNELS = { scan: 8, pack: 6, unpack: 7 };

function sources() {
  const hash = createHash('sha256').update(readFileSync('build-kernels.mjs'));
  for (const file of readdirSync(FROM).sort()) hash.update(readFileSync(join(FROM, file)));
  return hash.digest('hex');
}

async function compile(name, pages, folder) {
  const out = join(folder, `${name}.wasm`);
  const flags = `-O3 --noAssert --runtime stub --enable simd --initialMemory ${pages} --maximumMemory ${pages}`;
  const { error, stderr } = await asc.main([join(FROM, `${name}.ts`), '-o', out, ...flags.split(' ')]);
  if (error !== null) throw new Error(`${name}.ts: ${stderr.toString()}`, { cause: error });
  return `export const ${name.toUpperCase()} =\n  '${readFileSync(out).toString('base64')}';\n`;
}

const digest = sources();
if (!existsSync(TO) || !readFileSync(TO, 'utf8').includes(digest)) {
  const folder = mkdtempSync(join(tmpdir(), 'p2msim-kernels-'));
  const texts = [];
  for (const [name, pages] of Object.entries(KERNELS)) texts.push(await compile(name, pages, folder));
  rmSync(folder, { recursive: true });
  const head = `/** Written by build-kernels.mjs from ${FROM}: WebAssembly in base64. Sources: ${digest} */\n`;
  writeFileSync(TO, head + texts.join(''));
}
