/**
 * The C references, built into the run's folder.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram } from './children.mjs';

export const REFERENCE_FOLDER = fileURLToPath(new URL('reference', import.meta.url));
const FLAGS = ['-O3', '-march=native'];

/** Paths of the programs, or null without a compiler. */
export function buildReferences(folder) {
  const compiler = findProgram('cc');
  if (compiler === null) return { compiler, references: null };
  const build = (name) => {
    const binary = join(folder, name);
    execFileSync(compiler, [...FLAGS, '-o', binary, join(REFERENCE_FOLDER, `${name}.c`)]);
    return binary;
  };
  return { compiler, references: { tlb: build('tlb'), hap: build('hap') } };
}
