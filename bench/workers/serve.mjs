/**
 * The worker's side of children.mjs: answers requests `{ what, ... }` with what the handler of that name returns.
 */
export function serve(handlers) {
  process.on('message', async (request) => process.send(await handlers[request.what](request)));
  process.on('disconnect', () => process.exit());
}

/** Seconds of CPU user time that `task` takes. */
export async function userSeconds(task) {
  const before = process.cpuUsage();
  await task();
  return process.cpuUsage(before).user / 1e6;
}
