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
/** What each kernel's memory is: as much as it will ever need, so that JavaScript's views of it last, or an Arena (util/arena.ts). */
const fixed = (pages) => `--initialMemory ${pages} --maximumMemory ${pages}`;
const ARENA = '--importMemory --sharedMemory --enable threads --initialMemory 1 --maximumMemory 65536';
const KERNELS = { scan: fixed(8), pack: fixed(6), unpack: fixed(7), replay: ARENA };

function sources() {
  const hash = createHash('sha256').update(readFileSync('build-kernels.mjs'));
  for (const file of readdirSync(FROM).sort()) hash.update(readFileSync(join(FROM, file)));
  return hash.digest('hex');
}

async function compile(name, memory, folder) {
  const out = join(folder, `${name}.wasm`);
  // --debug adds the names of functions, for profiles and stacks, and changes no instruction.
  const flags = `-O3 --debug --noAssert --runtime stub --enable simd ${memory}`;
  const { error, stderr } = await asc.main([join(FROM, `${name}.ts`), '-o', out, ...flags.split(' ')]);
  if (error !== null) throw new Error(`${name}.ts: ${stderr.toString()}`, { cause: error });
  return `export const ${name.toUpperCase()} =\n  '${readFileSync(out).toString('base64')}';\n`;
}

const digest = sources();
if (!existsSync(TO) || !readFileSync(TO, 'utf8').includes(digest)) {
  const folder = mkdtempSync(join(tmpdir(), 'p2msim-kernels-'));
  const texts = [];
  for (const [name, memory] of Object.entries(KERNELS)) texts.push(await compile(name, memory, folder));
  rmSync(folder, { recursive: true });
  const head = `/** Written by build-kernels.mjs from ${FROM}: WebAssembly in base64. Sources: ${digest} */\n`;
  writeFileSync(TO, head + texts.join(''));
}
