/** The trace formats: one import and one line each. */
import { Registry } from '../../util/registry.js';
import type { TraceFormat } from '../format.js';
import { csv } from './csv.js';
import { lackey } from './lackey.js';
import { p2mtrace } from './p2mtrace.js';

export const TRACE_FORMATS = new Registry<TraceFormat>('format', [csv, lackey, p2mtrace]);
