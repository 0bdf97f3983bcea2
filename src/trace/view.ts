/** View: a trace of which something is replaced, its chunks say; the rest stays that of the trace. */
import type { OpenTrace } from './open.js';

/** `trace` with what is in `own`. What grows while a trace is read is asked of it each time. */
export function viewOf(trace: OpenTrace, own: Partial<OpenTrace>): OpenTrace {
  const view: OpenTrace = {
    ...trace,
    get bytesRead() {
      return trace.bytesRead;
    },
    get skipped() {
      return trace.skipped;
    },
    get decoded() {
      return trace.decoded;
    },
    get passedOver() {
      return trace.passedOver;
    },
  };
  // Not by assignment: `own` may have getters, too.
  return Object.defineProperties(view, Object.getOwnPropertyDescriptors(own));
}
