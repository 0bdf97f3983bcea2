import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { TraceError } from '../../../src/errors.js';
import { openSource } from '../../../src/trace/source.js';

const folder = mkdtempSync(join(tmpdir(), 'p2msim-source-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Bytes that do not compress away: a fixed linear congruential sequence. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 12345;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}

async function read(
  path: string,
  stdin?: Readable,
): Promise<{ bytes: Buffer; digest: string; error: TraceError | null }> {
  const parts: Buffer[] = [];
  const source = await openSource(path, stdin);
  try {
    for await (const chunk of source.chunks()) parts.push(Buffer.from(chunk));
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    return { bytes: Buffer.concat(parts), digest: source.digest(), error };
  }
  return { bytes: Buffer.concat(parts), digest: source.digest(), error: null };
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function failure(path: string, stdin?: Readable): Promise<string> {
  try {
    const { error } = await read(path, stdin);
    return error === null ? 'no error' : `${error.message} | ${error.hint}`;
  } catch (error) {
    return error instanceof TraceError
      ? `${error.message} | ${error.hint}`
      : `not a TraceError: ${String(error)}`;
  }
}

describe('source', () => {
  const content = noise(700_001);

  it('gives the same bytes and digest for a plain file, gzip, several gzip members, and a stream', async () => {
    const members = Buffer.concat([
      gzipSync(content.subarray(0, 100_000)),
      gzipSync(content.subarray(100_000)),
    ]);
    const trickle = Readable.from(
      Array.from({ length: 701 }, (_, i) => content.subarray(i * 1000, (i + 1) * 1000)),
    );
    const results = [
      await read(file('plain', content)),
      await read(file('one.gz', gzipSync(content))),
      await read(file('two.gz', members)),
      await read('-', trickle),
      await read('-', Readable.from([gzipSync(content)])),
    ];
    for (const result of results) {
      expect(result.error).toBeNull();
      expect(result.bytes.equals(content)).toBe(true);
      expect(result.digest).toBe(sha256(content));
    }
  });

  it('knows the size of the stored file, and how much of it was read', async () => {
    const stored = gzipSync(content);
    const source = await openSource(file('sized.gz', stored));
    expect(source.totalBytes).toBe(stored.length);
    expect(source.head.length).toBe(4096);
    for await (const _chunk of source.chunks());
    expect(source.bytesRead).toBe(stored.length);
  });

  it('digests what was read when it is left early', async () => {
    const source = await openSource(file('early', content));
    for await (const chunk of source.chunks()) {
      expect(source.digest()).toBe(sha256(chunk));
      break;
    }
  });

  it('delivers everything that inflates before a gzip file ends early', async () => {
    const stored = gzipSync(content);
    const { bytes, error } = await read(file('cut.gz', stored.subarray(0, stored.length - 1000)));
    expect(error?.message).toMatch(/^the gzip data ends early: the file is truncated after \d+ bytes$/);
    // Noise hardly compresses, so about 1000 bytes of 700,001 are missing.
    expect(bytes.length).toBeGreaterThan(690_000);
    expect(bytes.equals(content.subarray(0, bytes.length))).toBe(true);
  });

  it('says what is wrong with files that cannot be read', async () => {
    expect(await failure(join(folder, 'absent'))).toBe(
      'no such file | check the path; `-` reads standard input',
    );
    expect(await failure(folder)).toMatch(/^is a directory; expected a trace file \| name a file in it/);
    expect(await failure(file('empty', ''))).toMatch(/^the trace is empty; expected at least one access \|/);
    expect(await failure(file('empty.gz', gzipSync('')))).toMatch(/^the trace is empty/);
    expect(await failure(file('stub.gz', gzipSync('op,va\n').subarray(0, 5)))).toMatch(
      /^the gzip data ends early/,
    );
    expect(await failure('-')).toMatch(/^there is no standard input to read/);
  });

  it.skipIf(process.getuid?.() === 0)('says when permission is denied', async () => {
    const path = file('secret', 'op,va\n');
    chmodSync(path, 0);
    expect(await failure(path)).toMatch(/^permission to read was denied/);
  });
});
