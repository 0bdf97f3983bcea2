/** Whose kernel the guest has: the modelled Linux, or one whose work is in the trace. */
import type { MachineConfig } from '../config/schema.js';
import { ConfigError } from '../errors.js';
import { passOverFault, scriptedLayout } from '../guest/scripted.js';
import type { TraceHeader } from '../trace/event.js';
import type { MachineOptions } from './machine.js';

/** The modelled one's, one that the options bring, or the trace's own. */
export function guestKernel(
  config: MachineConfig,
  header: TraceHeader,
  options: MachineOptions,
): Pick<MachineOptions, 'layout' | 'handleFault'> {
  if (header.scripted === undefined) return options;
  if (config.guest.mode === 'premapped') {
    throw new ConfigError(
      'the trace has a scripted guest, whose tables are in the trace, and guest.mode is premapped',
      {
        hint: 'leave --guest premapped out',
      },
    );
  }
  if (config.guest.switchEvery > 0) {
    throw new ConfigError(
      `the trace has a scripted guest, whose switches are in the trace, and guest.switchEvery is ${config.guest.switchEvery}`,
      { hint: 'leave --switch-every out: such a guest switches by CR3 rows of its trace' },
    );
  }
  return { layout: scriptedLayout(header.scripted), handleFault: passOverFault };
}
