/**
 * HAP over the records of sort in a process where its backend is the only one (`one RECORDS`) or one of six classes
 * that have all been at work (`six RECORDS`).
 */
import { hap } from '../../dist/mmu/hap.js';
import { native } from '../../dist/mmu/native.js';
import { shadow } from '../../dist/mmu/shadow.js';
import { batchesOf, driverOf, recordsOf } from '../product.mjs';
import { shippedTrace } from '../traces.mjs';
import { serve, userSeconds } from './serve.mjs';

/** A backend of a class of its own that leaves all work to another, as one of a user's would. */
function wrapped(name, inner) {
  const Wrapper = class {
    constructor(parts) {
      this.inner = inner.create(parts);
      this[name] = true;
    }
    walk(vcpu, hi, lo, write) {
      return this.inner.walk(vcpu, hi, lo, write);
    }
    ramGrown(ram) {
      this.inner.ramGrown(ram);
    }
    memory(memory) {
      this.inner.memory(memory);
    }
  };
  return { name, summary: name, describe: () => name, create: (parts) => new Wrapper(parts) };
}

const [classes, n] = process.argv.slice(2);
const others = [native, shadow, wrapped('a', native), wrapped('b', hap), wrapped('c', shadow)];
const batches = batchesOf(await recordsOf(shippedTrace('sort'), Number(n), { data: true }));
if (classes === 'six') {
  // In turns, as the machines of one comparison, long enough that all of them are compiled.
  const drivers = others.map((backend) => driverOf(backend.name, { backend }));
  for (const batch of batches.slice(0, 60)) for (const { feed } of drivers) feed(batch);
}
const { feed } = driverOf('hap', { backend: hap });

serve({ pass: async () => ({ seconds: await userSeconds(() => batches.forEach(feed)) }) });
