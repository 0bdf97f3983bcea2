/** A thread of a batch: replays the groups of points that it is sent, one after another. */
import { parentPort } from 'node:worker_threads';
import { type GroupOrder, replayGroup } from './replay-group.js';
import type { GroupReply } from './run-points.js';

async function carryOut(order: GroupOrder): Promise<GroupReply> {
  try {
    return { outcomes: await replayGroup(order) };
  } catch (error) {
    return { crash: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (order: GroupOrder) => {
  void carryOut(order).then((reply) => parentPort?.postMessage(reply));
});
