/** The engine, and what is done with traces besides replaying them: checked, converted, cut, merged, generated. */
export * from './engine.js';
export { type Finding, checkTrace, type TraceCheck } from './trace/check.js';
export type { CheckScope } from './trace/check-scope.js';
export { type Conversion, convertTrace } from './trace/convert.js';
export type { Emitter } from './trace/generate/emitter.js';
export type { GeneratorParam, TraceGenerator } from './trace/generate/generator.js';
export { GENERATORS as generators } from './trace/generate/index.js';
export { generatedPath, isGenerated } from './trace/generate/generated-path.js';
export { paramsOf as generatorParams } from './trace/generate/params.js';
export type { TraceProfile } from './trace/profile.js';
export { TRACE_WRITERS as traceWriters, writerForName } from './trace/writers/index.js';
export { mergeTraces } from './trace/merge.js';
export { type AddressRange, EVERYTHING, selectChunks, type Selection, selectTrace } from './trace/select.js';
export type {
  TraceFacts,
  TraceSink,
  TraceWriter,
  TraceWriterFormat,
  WrittenCounts,
} from './trace/writers/writer.js';
export { nothingLeft, partOfTrace, type PartRead, type TracePart } from './trace/part.js';
export { partNotes, PHYSICAL as PHYSICAL_NOTE } from './trace/trace-notes.js';
export { AddressSpaces, INITIAL_AS } from './trace/address-spaces.js';
export { viewOf } from './trace/view.js';
