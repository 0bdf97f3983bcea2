/** What `trace info`, `check`, `head`, `formats` and `mrc` print. */
import type { TracePlace } from '../errors.js';
import type {
  FindingList,
  FormatList,
  FormatListing,
  HeadListing,
  HeadRecord,
  ProfileListing,
} from '../report/listings.js';
import { MRC_SCHEMA, type MissesByWaysJson, type MissRatioJson } from '../report/mrc-data.js';
import type { Finding } from '../trace/check.js';
import type { CheckScope } from '../trace/check-scope.js';
import type { MrcSource, SampleReport } from '../trace/mrc/measure.js';
import { ACCESS_KINDS, PAGE_SHIFTS } from '../trace/mrc/page-runs.js';
import type { PartRead } from '../trace/part.js';
import type { Footprint, Region, TraceProfile } from '../trace/profile.js';
import type { ReuseClass, ReuseDistances } from '../trace/reuse.js';
import {
  type AnyShape,
  boolean,
  count,
  described,
  digest,
  either,
  fromJson,
  list,
  literal,
  named,
  namesOf,
  nullable,
  number,
  object,
  oneOf,
  optional,
  pair,
  record,
  text,
} from './shape.js';

const part = named(
  'part',
  object<PartRead>({
    skipped: described('records passed over first', count),
    cutAfter: described('the last record read, from 1; null: read to the end', nullable(count)),
  }),
);

export const traceInfo = object<ProfileListing>({
  schema: literal('p2msim.trace-info/1'),
  path: text,
  format: text,
  sha256: digest,
  incomplete: described('why reading ended early', nullable(text)),
  records: count,
  ops: object<TraceProfile['ops']>({ read: count, write: count, fetch: count, modify: count }),
  pageCrossing: count,
  addressSpaces: list(text),
  addressSpacesMade: described(
    'as a replay counts them: more than there are names where one is used again (EXEC)',
    count,
  ),
  vcpus: list(count),
  events: count,
  eventKinds: record(count),
  footprint: object<Footprint>({ pages4k: count, pages2m: count, pages1g: count }),
  pagesBy: object<TraceProfile['pagesBy']>({ read: count, written: count, fetched: count }),
  workingSet: object<TraceProfile['workingSet']>({ window: count, pages: list(count) }),
  reuse: nullable(
    object<ReuseDistances>({
      classes: list(object<ReuseClass>({ from: count, to: count, accesses: count })),
      first: count,
    }),
  ),
  tableEdits: count,
  regions: list(object<Region>({ addressSpace: text, firstPage: count, lastPage: count, pages: count })),
  badRecords: count,
  lacks: list(text),
  addresses: oneOf(['virtual', 'physical']),
  assumes: list(text),
  passedOver: record(count),
  part,
});

const place = object<TracePlace>({
  file: text,
  line: optional(count),
  column: optional(count),
  offset: optional(count),
});

export const traceCheck = object<FindingList>({
  schema: literal('p2msim.trace-check/1'),
  trace: text,
  errors: count,
  warnings: count,
  findings: list(object<Finding>({ place, severity: oneOf(['error', 'warning']), message: text })),
  scope: list(object<CheckScope>({ what: text, checked: boolean, why: optional(text) })),
  part,
});

const address = { type: 'string', pattern: '^0x[0-9a-f]{16}$' };
/** Fields of an event are those of docs/formats.md. */
const headRecord = fromJson<HeadRecord>({
  anyOf: [
    {
      type: 'object',
      properties: {
        op: { enum: ['R', 'W', 'X', 'M'] },
        va: address,
        size: { type: 'integer', minimum: 0 },
        vcpu: { type: 'integer', minimum: 0 },
      },
      required: ['op', 'va', 'size', 'vcpu'],
      additionalProperties: false,
    },
    { type: 'object', properties: { event: { type: 'string' } }, required: ['event'] },
  ],
});

export const traceHead = object<HeadListing>({
  schema: literal('p2msim.trace-head/1'),
  trace: text,
  skipped: count,
  records: list(headRecord),
});

export const formatList = object<FormatList>({
  schema: literal('p2msim.formats/1'),
  formats: list(
    object<FormatListing>({
      name: text,
      summary: text,
      addresses: oneOf(['virtual', 'physical', 'source']),
      lacks: list(text),
    }),
  ),
});

const source = named(
  'source',
  object<MrcSource>({
    path: text,
    format: text,
    sha256: digest,
    records: count,
    accesses: count,
    crossings: count,
    vcpus: count,
    events: count,
    badRecords: count,
    lacks: list(text),
    part,
    notes: list(text),
    pageSize: oneOf(namesOf(PAGE_SHIFTS)),
    kinds: oneOf(namesOf(ACCESS_KINDS)),
  }),
);

const curve = object<MissRatioJson>({
  schema: literal(MRC_SCHEMA),
  trace: source,
  sample: nullable(object<SampleReport>({ rate: number, seed: count, pages: count, accesses: count })),
  pages: count,
  points: list(
    object<MissRatioJson['points'][number]>({
      entries: count,
      misses: count,
      standardError: optional(count),
    }),
  ),
  assumptions: list(text),
  curve: list(pair(count, count)),
  curveErrors: optional(list(count)),
});

const byWays = object<MissesByWaysJson>({
  schema: literal(MRC_SCHEMA),
  trace: source,
  sets: count,
  ways: list(object<MissesByWaysJson['ways'][number]>({ ways: count, entries: count, misses: count })),
  assumptions: list(text),
});

/** A curve, or misses by ways. */
export const mrc: AnyShape = either(curve, byWays);
