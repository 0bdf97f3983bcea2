/**
 * Shapes: JSON Schema (2020-12) put together from small parts that carry the type they describe.
 *
 * A shape of an interface names every field of it and no other, each with a shape of the field's type, or it does not
 * compile: what is printed and what is said about it cannot part. A named shape is written once, under $defs.
 */
import { InternalError } from '../errors.js';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** A schema, whatever it is for. */
export interface AnyShape {
  readonly json: JsonSchema;
  /** What `$ref`s in `json` refer to. */
  readonly defs: ReadonlyMap<string, JsonSchema>;
}

/** A schema for values of type T. */
export interface Shape<T> extends AnyShape {
  /** Never there: makes shapes of different types different. */
  readonly is?: (value: T) => T;
}

/** A field that may be left out. */
export interface OptionalShape<T> {
  readonly optional: Shape<T>;
}

/** A shape for every field of T. */
export type Fields<T> = {
  // oxlint-disable-next-line typescript/no-empty-object-type -- the test for an optional key
  readonly [K in keyof T]-?: {} extends Pick<T, K> ? OptionalShape<Exclude<T[K], undefined>> : Shape<T[K]>;
};

type AnyFields = Readonly<Record<string, AnyShape | { readonly optional: AnyShape }>>;

const NO_DEFS: ReadonlyMap<string, JsonSchema> = new Map();

function plain<T>(json: JsonSchema): Shape<T> {
  return { json, defs: NO_DEFS };
}

function merged(parts: readonly AnyShape[]): Map<string, JsonSchema> {
  const defs = new Map<string, JsonSchema>();
  for (const [name, json] of parts.flatMap((part) => [...part.defs])) {
    const other = defs.get(name);
    if (other !== undefined && JSON.stringify(other) !== JSON.stringify(json))
      throw new InternalError(`two shapes are called '${name}'`);
    defs.set(name, json);
  }
  return defs;
}

export const text: Shape<string> = plain({ type: 'string' });
export const boolean: Shape<boolean> = plain({ type: 'boolean' });
export const number: Shape<number> = plain({ type: 'number' });
/** A whole number, at least 0. */
export const count: Shape<number> = named('count', plain({ type: 'integer', minimum: 0 }));
/** SHA-256 in hexadecimal. */
export const digest: Shape<string> = named('digest', plain({ type: 'string', pattern: '^[0-9a-f]{64}$' }));
/** Any JSON value. */
export const anything: Shape<unknown> = plain({});

export function literal<const T extends string | number | boolean>(value: T): Shape<T> {
  return plain({ const: value });
}

export function oneOf<const T extends string | number | boolean>(values: readonly T[]): Shape<T> {
  return plain({ enum: values });
}

export function list<T>(item: Shape<T>): Shape<readonly T[]> {
  return { json: { type: 'array', items: item.json }, defs: item.defs };
}

/** A list of just these. */
export function pair<A, B>(first: Shape<A>, second: Shape<B>): Shape<readonly [A, B]> {
  const json = { type: 'array', prefixItems: [first.json, second.json], minItems: 2, items: false };
  return { json, defs: merged([first, second]) };
}

/** An object with any names. */
export function record<T>(value: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return { json: { type: 'object', additionalProperties: value.json }, defs: value.defs };
}

/** An object with some of these names. */
export function someOf<T>(names: readonly string[], value: Shape<T>): Shape<Readonly<Record<string, T>>> {
  const properties = Object.fromEntries(names.map((name) => [name, value.json]));
  return { json: { type: 'object', properties, additionalProperties: false }, defs: value.defs };
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return { json: { anyOf: [shape.json, { type: 'null' }] }, defs: shape.defs };
}

export function either<A, B>(one: Shape<A>, other: Shape<B>): Shape<A | B> {
  return { json: { anyOf: [one.json, other.json] }, defs: merged([one, other]) };
}

export function optional<T>(shape: Shape<T>): OptionalShape<T> {
  return { optional: shape };
}

/** An object with just these fields. */
export function object<T extends object>(fields: Fields<T> & AnyFields): Shape<T> {
  const rows = Object.entries<AnyShape | { readonly optional: AnyShape }>(fields).map(([name, field]) =>
    'optional' in field
      ? { name, shape: field.optional, required: false }
      : { name, shape: field, required: true },
  );
  return {
    json: {
      type: 'object',
      properties: Object.fromEntries(rows.map(({ name, shape }) => [name, shape.json])),
      required: rows.filter((row) => row.required).map(({ name }) => name),
      additionalProperties: false,
    },
    defs: merged(rows.map(({ shape }) => shape)),
  };
}

/** The shape with a sentence about it. */
export function described<T>(description: string, shape: Shape<T>): Shape<T> {
  return { json: { ...shape.json, description }, defs: shape.defs };
}

/** The shape, to be written once under `$defs`, by this name. */
export function named<T>(name: string, shape: Shape<T>): Shape<T> {
  return { json: { $ref: `#/$defs/${name}` }, defs: new Map([...shape.defs, [name, shape.json]]) };
}

/** The names of a table. */
export function namesOf<T extends string>(table: Readonly<Record<T, unknown>>): T[] {
  const names: T[] = [];
  for (const name in table) names.push(name);
  return names;
}

/** A shape from a schema that was put together elsewhere. */
export function fromJson<T>(json: JsonSchema, defs: ReadonlyMap<string, JsonSchema> = NO_DEFS): Shape<T> {
  return { json, defs };
}

/** The whole document: a schema by itself. */
export function schemaDocument(id: string, title: string, { json, defs }: AnyShape): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:${id.replace('p2msim.', 'p2msim:')}`,
    title,
    ...json,
    ...(defs.size === 0 ? {} : { $defs: Object.fromEntries(defs) }),
  };
}
