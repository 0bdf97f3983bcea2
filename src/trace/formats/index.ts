/** The trace formats: one import and one line each. */
import { Registry } from '../../util/registry.js';
import type { TraceFormat } from '../format.js';
import { champsim, cloudsuite } from './champsim.js';
import { csv } from './csv.js';
import { din } from './din.js';
import { drmemtrace } from './drmemtrace.js';
import { gem5 } from './gem5.js';
import { lackey } from './lackey.js';
import { oracleGeneral } from './oracle-general.js';
import { p2mtrace } from './p2mtrace.js';
import { perf } from './perf.js';
import { pinatrace } from './pinatrace.js';
import { rw } from './rw.js';
import { xdin } from './xdin.js';
import { xenOps } from './xen-ops.js';

export const TRACE_FORMATS = new Registry<TraceFormat>('format', [
  csv,
  lackey,
  p2mtrace,
  din,
  xdin,
  pinatrace,
  rw,
  gem5,
  champsim,
  cloudsuite,
  drmemtrace,
  oracleGeneral,
  perf,
  xenOps,
]);
