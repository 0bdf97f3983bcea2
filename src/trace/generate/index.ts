/** The generators of traces: one import and one line each. */
import { Registry } from '../../util/registry.js';
import { bufferPool } from './buffer-pool.js';
import { cowSnapshot } from './cow-snapshot.js';
import { forkExec } from './fork-exec.js';
import type { TraceGenerator } from './generator.js';
import { gups } from './gups.js';
import { hashJoin } from './hash-join.js';
import { matrix } from './matrix.js';
import { mmapChurn } from './mmap-churn.js';
import { multiTenant } from './multi-tenant.js';
import { pointerChase } from './pointer-chase.js';
import { sequential } from './sequential.js';
import { stride } from './stride.js';
import { uniform } from './uniform.js';
import { zipf } from './zipf.js';

export const GENERATORS = new Registry<TraceGenerator>('generator', [
  sequential,
  stride,
  uniform,
  zipf,
  pointerChase,
  gups,
  matrix,
  hashJoin,
  forkExec,
  mmapChurn,
  cowSnapshot,
  bufferPool,
  multiTenant,
]);
