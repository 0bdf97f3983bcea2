/**
 * The programs that a capture needs: which are there, and what to install where one is missing.
 *
 * They are looked for in PATH, as a shell would; nothing is run to find out.
 */
import { accessSync, constants, closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Library } from '../context.js';
import type { Environment } from '../terminal.js';

export const TOOLS = ['auto', 'qemu', 'lackey'] as const;
export type Tool = (typeof TOOLS)[number];

const COMPILERS = ['cc', 'gcc', 'clang'] as const;
const PACKAGES =
  'on Debian and Ubuntu: apt-get install qemu-user gcc libc6-dev (or valgrind, which sees less)';
/** What only the plugin sees. */
const LACKEY_LACKS = 'neither mmap nor fork, nor threads or other processes';

/** How a program is run under QEMU. */
export interface QemuTools {
  readonly kind: 'qemu';
  readonly qemu: string;
  readonly compiler: string;
  readonly mkfifo: string;
}

export interface LackeyTools {
  readonly kind: 'lackey';
  readonly valgrind: string;
  readonly mkfifo: string;
  /** Why it is not QEMU; null if lackey was asked for. */
  readonly instead: string | null;
}

/** Path of the program called `name`, or null. */
export function findProgram(name: string, environment: Environment): string | null {
  if (name.includes('/')) return isProgram(name) ? name : null;
  return inPath(name, environment).find(isProgram) ?? null;
}

/** Where a program called `name` could be. */
function inPath(name: string, environment: Environment): string[] {
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The tools for `wanted`; throws UsageError that names what is missing and the packages that have it. */
export function findTools(wanted: Tool, environment: Environment, library: Library): QemuTools | LackeyTools {
  const find = (name: string): string | null => findProgram(name, environment);
  const [qemu, valgrind, mkfifo] = [find('qemu-x86_64'), find('valgrind'), find('mkfifo')];
  const compiler = COMPILERS.map(find).find((path) => path !== null) ?? null;
  const missing = [
    ...(qemu === null ? ['qemu-x86_64'] : []),
    ...(compiler === null ? [`a C compiler (${COMPILERS.join(', ')})`] : []),
  ].join(' and ');
  if (mkfifo === null) throw absent('mkfifo', 'it is part of coreutils', library);
  if (wanted !== 'lackey') {
    if (qemu !== null && compiler !== null) return { kind: 'qemu', qemu, compiler, mkfifo };
    if (wanted === 'qemu') throw absent(missing, PACKAGES, library);
    if (valgrind === null) throw absent(`${missing}; nor is valgrind there`, PACKAGES, library);
  }
  if (valgrind === null) throw absent('valgrind', 'on Debian and Ubuntu: apt-get install valgrind', library);
  const what = `${missing} not found: capturing with valgrind's lackey, which sees ${LACKEY_LACKS}`;
  return { kind: 'lackey', valgrind, mkfifo, instead: wanted === 'lackey' ? null : `${what}; ${PACKAGES}` };
}

function absent(what: string, hint: string, library: Library): Error {
  return new library.UsageError(`capture needs what is not in PATH: ${what}`, { hint });
}

/** ELF, 64 bits, machine 62: x86-64. */
function isElf(head: Uint8Array): boolean {
  const magic = [0x7f, 0x45, 0x4c, 0x46, 2];
  return magic.every((byte, i) => head[i] === byte) && head[18] === 62;
}

/**
 * The words to run `program` by: QEMU takes x86-64 programs, so a script is given to its interpreter.
 * Throws UsageError for what is neither.
 */
export function programWords(
  program: string,
  args: readonly string[],
  environment: Environment,
  library: Library,
): string[] {
  const path = findProgram(program, environment);
  if (path === null) throw notRun(program, environment, library);
  const head = headOf(path);
  if (isElf(head)) return [path, ...args];
  const [line = ''] = Buffer.from(head).toString('latin1').split('\n', 1);
  const match = /^#![ \t]*(\S+)(?:[ \t]+(.*\S))?[ \t]*$/.exec(line);
  const [, interpreter = '', argument] = match ?? [];
  if (interpreter !== '' && isProgram(interpreter) && isElf(headOf(interpreter)))
    return [interpreter, ...(argument === undefined ? [] : [argument]), path, ...args];
  if (interpreter !== '') throw notInterpreted(path, interpreter, library);
  throw new library.UsageError(`${path} is neither a program for x86-64 Linux nor a script`, {
    hint: '`file` says what it is',
  });
}

/** A script that nothing can be run by. */
function notInterpreted(path: string, interpreter: string, library: Library): Error {
  const [what, hint] = !existsSync(interpreter)
    ? ['is not there', 'install it, or name another in the first line of the script']
    : !isProgram(interpreter)
      ? ['may not be executed', 'name another in the first line of the script']
      : ['is no program for x86-64 Linux', `\`file ${interpreter}\` says what it is`];
  return new library.UsageError(`${path} is a script for ${interpreter}, which ${what}`, { hint });
}

/** What is wrong with a program that is not found: there may be a file or folder of its name. */
function notRun(program: string, environment: Environment, library: Library): Error {
  const isPath = program.includes('/');
  const there = (isPath ? [program] : inPath(program, environment)).find((path) => existsSync(path));
  if (there === undefined) {
    const here = !isPath && isProgram(`./${program}`);
    const where = isPath ? 'no such file' : 'no program of this name in PATH';
    return new library.UsageError(`${program}: ${where}`, {
      hint: here
        ? `for the one in this folder give ./${program}`
        : 'give the path of a program, or the name of one in PATH, after --',
    });
  }
  const what = statSync(there);
  if (what.isFile()) {
    return new library.UsageError(`${there} may not be executed: it cannot be run`, {
      hint: `\`chmod +x ${there}\` makes it a program, if it is one`,
    });
  }
  const kind = what.isDirectory() ? 'a directory' : 'no file';
  return new library.UsageError(`${there} is ${kind}, and no program`, {
    hint: 'give the path of a program, or the name of one in PATH, after --',
  });
}

function headOf(path: string): Uint8Array {
  const fd = openSync(path, 'r');
  try {
    const head = new Uint8Array(256);
    return head.subarray(0, readSync(fd, head));
  } finally {
    closeSync(fd);
  }
}
