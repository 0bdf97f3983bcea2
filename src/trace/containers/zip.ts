/**
 * zip, by yauzl: an archive of one file, or of the chunks of a drmemtrace (`chunk.00000000` and so on), which are one trace.
 *
 * The table of contents is at the end of the file, so a pipe cannot be read. Sizes and CRC-32 are compared.
 */
import { crc32 } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import { TraceError } from '../../errors.js';
import { STDIN_NAME } from '../bad-records.js';
import type { Stored } from './container.js';

const CHUNK = /^(.*\/)?chunk\.\d+$/;
/** Files of an archive: more chunks than any trace has, few enough to remember. */
const MAX_FILES = 100_000;

async function openArchive(fd: number): Promise<ZipFile> {
  const { default: yauzl } = await import('yauzl');
  return new Promise((resolve, reject) => {
    yauzl.fromFd(fd, { lazyEntries: true, autoClose: false }, (error, archive) =>
      error === null ? resolve(archive) : reject(error),
    );
  });
}

/** All files of the archive, without folders, in its order. */
function filesOf(archive: ZipFile): Promise<Entry[]> {
  return new Promise((resolve, reject) => {
    const files: Entry[] = [];
    archive.on('entry', (entry: Entry) => {
      if (!entry.fileName.endsWith('/')) files.push(entry);
      if (files.length > MAX_FILES) reject(new Error(`it has more than ${MAX_FILES} files`));
      else archive.readEntry();
    });
    archive.once('end', () => resolve(files));
    archive.once('error', reject);
    archive.readEntry();
  });
}

function streamOf(archive: ZipFile, entry: Entry): Promise<NodeJS.ReadableStream> {
  return new Promise((resolve, reject) => {
    archive.openReadStream(entry, (error, stream) => (error === null ? resolve(stream) : reject(error)));
  });
}

export async function* openZip({ file, fd, onRead }: Stored): AsyncGenerator<Uint8Array> {
  if (fd === null) {
    throw new TraceError(
      { file },
      'a zip archive cannot be read from a pipe: its table of contents is at its end',
      {
        hint: 'name the file, or decompress it: `unzip -p FILE | p2msim replay -`',
      },
    );
  }
  try {
    const archive = await openArchive(fd);
    const files = await filesOf(archive);
    refuseOthers(file, files);
    for (const entry of files) {
      yield* contents(archive, entry);
      onRead(entry.compressedSize);
    }
  } catch (error) {
    throw error instanceof TraceError ? error : zipError(file, error);
  }
}

function refuseOthers(file: string, files: readonly Entry[]): void {
  if (files.length === 1 || (files.length > 1 && files.every(({ fileName }) => CHUNK.test(fileName)))) return;
  const names = files.slice(0, 2).map(({ fileName }) => fileName);
  const found = files.length === 0 ? 'no file' : `${files.length} files (${names.join(', ')}, ...)`;
  throw new TraceError(
    { file },
    `the zip archive has ${found}; expected one, or the chunks of a drmemtrace`,
    {
      hint: `take one out: \`unzip -p ${file} NAME | p2msim replay -\``,
    },
  );
}

async function* contents(archive: ZipFile, entry: Entry): AsyncGenerator<Uint8Array> {
  let sum = 0;
  for await (const piece of await streamOf(archive, entry)) {
    if (typeof piece === 'string') continue;
    sum = crc32(piece, sum);
    yield piece;
  }
  if (sum !== entry.crc32) throw new Error(`the CRC-32 of ${entry.fileName} is wrong`);
}

function zipError(file: string, cause: unknown): TraceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const cut = reason.startsWith('End of central directory record signature not found');
  const what = cut
    ? 'the zip archive ends early: its table of contents is missing'
    : `the zip archive is damaged: ${reason}`;
  const again =
    file === STDIN_NAME ? 'get the data again' : `\`unzip -t ${file}\` checks the file; get it again`;
  return new TraceError({ file }, what, { hint: again, cause });
}
