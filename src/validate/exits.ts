/**
 * ExitLog: the exits of one phase under the names of the measured data: by reason, and by class.
 *
 * Xen's experiments name an exit `EXCP_PF` and class page faults as place:kind; KVM's name it with its error
 * code (`EXCP_PF.3`, `NPF.100000006`) and class it by what KVM did.
 */
import type { CounterValues } from '../counters.js';
import { InternalError } from '../errors.js';
import { VMEXIT_REASONS, type PageFaultKey, type VmexitKey } from '../hypervisor/vmexit.js';
import { type ExitObserver, NPF_WALK } from '../mmu/backend.js';
import type { LabSuite } from './modes.js';

export interface PhaseExits {
  readonly total: number;
  readonly byReason: Readonly<Record<string, number>>;
  readonly byClass: Readonly<Record<string, number>>;
}

/** Error-code bits of a page fault. */
const PRESENT = 1;
const WRITE = 2;
const FETCH = 0x10;

/** Where the measured guests keep things, by the upper half of the gVA. */
const XEN_DIRECT_HI = 0xffff8800;
/** Workload pages of both guests start at 512 GiB. */
const WORKLOAD_HI = 0x80;

/** Counts by key, without zeros, in order of the key. */
class Tally {
  readonly #counts = new Map<string, number>();

  add(key: string, n = 1): void {
    this.#counts.set(key, this.get(key) + n);
  }

  get(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  take(): Record<string, number> {
    const taken = [...this.#counts].filter(([, n]) => n !== 0).sort(([a], [b]) => (a < b ? -1 : 1));
    this.#counts.clear();
    return Object.fromEntries(taken);
  }
}

export class ExitLog implements ExitObserver {
  readonly #suite: LabSuite;
  readonly #onExit: () => void;
  readonly #reasons = new Tally();
  readonly #classes = new Tally();
  #faults = 0;
  /** The access being carried out is an instruction fetch. */
  fetching = false;

  /** @param onExit called at every exit, before the guest goes on */
  constructor(suite: LabSuite, onExit: () => void) {
    this.#suite = suite;
    this.#onExit = onExit;
  }

  exit(reason: VmexitKey, hi: number, _lo: number, error: number, kind: PageFaultKey | null): void {
    this.#onExit();
    if (reason !== 'pf' && reason !== 'npf') return;
    this.#faults += 1;
    if (this.#suite === 'xen') this.#xen(reason, hi, error);
    else if (reason === 'pf') this.#kvm(hi, error, kind);
    else this.#nested(error);
  }

  /** Ends the phase; `counted` is what the machine counted in it. */
  take(counted: CounterValues): PhaseExits {
    // Exits without an address are counted by the machine alone.
    for (const { key, xen, kvm } of VMEXIT_REASONS) {
      if (key === 'pf' || key === 'npf') continue;
      const n = counted[`vmexit.${key}`] ?? 0;
      this.#reasons.add(this.#suite === 'xen' ? xen : kvm, n);
      if (this.#suite === 'kvm' && key in KVM_CLASSES) this.#classes.add(KVM_CLASSES[key]!, n);
    }
    const faults = (counted['vmexit.pf'] ?? 0) + (counted['vmexit.npf'] ?? 0);
    if (faults !== this.#faults) {
      throw new InternalError(`the backend counted ${faults} faults and reported ${this.#faults}`);
    }
    this.#faults = 0;
    if (this.#suite === 'kvm') this.#settleKvm();
    return {
      total: counted['vmexit.total'] ?? 0,
      byReason: this.#reasons.take(),
      byClass: this.#classes.take(),
    };
  }

  #xen(reason: 'pf' | 'npf', hi: number, error: number): void {
    this.#reasons.add(reason === 'pf' ? 'EXCP_PF' : 'NPF');
    if (reason === 'npf') return;
    const present = (error & PRESENT) !== 0 ? 'P' : 'NP';
    this.#classes.add(`${xenPlace(hi)}:${present}${(error & WRITE) !== 0 ? 'W' : 'R'}`);
  }

  /** How KVM's classes were counted: guest faults and emulations by KVM, the rest from the faults' addresses. */
  #kvm(hi: number, error: number, kind: PageFaultKey | null): void {
    const fetch = this.fetching && (error & WRITE) === 0 ? FETCH : 0;
    this.#reasons.add(`EXCP_PF.${(error | fetch).toString(16)}`);
    if (kind === 'guest') this.#classes.add('guestFault');
    if (kind === 'emulate') this.#classes.add('ptWriteEmulated');
    if (hi >>> 0 >= WORKLOAD_HI) this.#classes.add('shadowFill');
    else if ((error & (PRESENT | WRITE)) === (PRESENT | WRITE)) this.#classes.add('ptWriteUnprotected');
    else this.#classes.add('windowFill');
  }

  /** A fault on a workload page that the guest got was no fill; a protected store that was emulated no unprotection. */
  #settleKvm(): void {
    this.#classes.add('shadowFill', -this.#classes.get('guestFault'));
    this.#classes.add('ptWriteUnprotected', -this.#classes.get('ptWriteEmulated'));
  }

  /** EXITINFO1 of an SVM nested fault: bit 32 the final address, bit 33 the guest's page walk (APM vol. 2, 15.25.6). */
  #nested(error: number): void {
    const walk = (error & NPF_WALK) !== 0;
    const fetch = !walk && this.fetching ? FETCH : 0;
    // The hardware walks guest tables with the right to write (it may set A and D), all of it as a user.
    const code = (error & PRESENT) | (walk ? WRITE : error & WRITE) | 4 | fetch;
    this.#reasons.add(`NPF.${walk ? '2' : '1'}${code.toString(16).padStart(8, '0')}`);
    this.#classes.add('npf');
  }
}

/** KVM's classes of exits that are no page faults. */
const KVM_CLASSES: Partial<Record<VmexitKey, string>> = { cr3_write: 'cr3Write', invlpg: 'invlpg' };

/** Direct map, identity map of [0, 4 GiB) with code and stack, or anything the experiment mapped. */
function xenPlace(hi: number): 'dm' | 'kernel' | 'region' {
  const upper = hi >>> 0;
  if (upper >= XEN_DIRECT_HI) return 'dm';
  return upper === 0 ? 'kernel' : 'region';
}
