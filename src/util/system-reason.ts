/** What the system says of a file, in words of people. */
const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'part of the path is not a directory',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'too many links lead to it, or they go in a circle',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'no space left in the quota',
  EROFS: 'the file system is read-only',
  EPERM: 'it is not permitted',
};

/** Why the system refused a file, in a few words. */
export function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const known = 'code' in error && typeof error.code === 'string' ? SYSTEM_REASONS[error.code] : undefined;
  return known ?? error.message;
}
