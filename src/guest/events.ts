/**
 * Carries out the events of a trace on the guest: logical ones through the kernel model, architectural
 * ones as they are. What only the hardware or hypervisor does is left to the machine (sim/machine.ts).
 */
import { pageNumberOf, pagesOf, sizeOfName, tableIndex } from '../arch/paging.js';
import { decodePte } from '../arch/pte.js';
import type { TraceEvent, Word64 } from '../trace/event.js';
import type { AddressSpace } from './address-space.js';
import { MAX_RAM } from './gfn-allocator.js';
import type { Guest } from './guest.js';
import { clearBit, map, protect, unmap, userEnd } from './mappings.js';
import { exec, exit, fork } from './process.js';
import { refuseKernelWork, spaceOfRoot } from './scripted.js';

/** Page range [start, end) of `bytes` bytes at `va`, whole pages. */
function range(guest: Guest, line: number, va: Word64, bytes: number): { start: number; end: number } {
  const start = pageNumberOf(va.hi, va.lo);
  const offset = va.lo & 0xfff;
  const end = start + Math.ceil((offset + bytes) / 4096);
  const limit = start >= 2 ** 44 ? 2 ** 45 : userEnd(guest);
  if (end > limit) {
    guest.fail(
      line,
      `a range of ${bytes} bytes from there reaches beyond its half of the address space`,
      'give a smaller size',
    );
  }
  return { start, end };
}

/** Carries `event` out; false if it is none of the guest's business. */
export function guestEvent(guest: Guest, event: TraceEvent): boolean {
  const { vcpu } = event;
  const space = guest.current[vcpu]!;
  if (guest.scripted) refuseKernelWork(guest, event);
  switch (event.kind) {
    case 'switch':
      if (guest.config.pcid && event.noflush) guest.loadCr3(vcpu, guest.space(event.as), true);
      else guest.switchTo(vcpu, guest.space(event.as));
      return true;
    case 'cr3':
      guest.loadCr3(vcpu, loadedSpace(guest, event), event.noflush);
      return true;
    case 'invlpg':
      guest.invlpg(vcpu, pageNumberOf(event.va.hi, event.va.lo));
      return true;
    case 'ptw': {
      const { frame, flags } = decodePte(event.value.hi, event.value.lo);
      const page = pageNumberOf(event.va.hi, event.va.lo);
      space.markEdited(page, page + 1);
      checkRam(guest, event.line, event.gfn);
      guest.storeEntry(vcpu, event.gfn, tableIndex(event.va.hi, event.va.lo, event.level), frame, flags);
      return true;
    }
    case 'map': {
      const { start, end } = range(guest, event.line, event.va, event.bytes);
      const size = sizeOfName(event.pageSize ?? '4k');
      if (start % pagesOf(size) !== 0 || end % pagesOf(size) !== 0) {
        guest.fail(
          event.line,
          `MAP with ${event.pageSize} pages needs va and size that are multiples of it`,
          'align va and size',
        );
      }
      checkPopulate(guest, event.line, end - start, event.how === 'populate' && event.gfn === null);
      map(guest, vcpu, space, {
        start,
        end,
        perm: event.perm,
        how: event.how,
        gfn: event.gfn,
        pageSize: event.pageSize,
      });
      return true;
    }
    case 'unmap': {
      const { start, end } = range(guest, event.line, event.va, event.bytes);
      unmap(guest, vcpu, space, start, end);
      return true;
    }
    case 'protect': {
      const { start, end } = range(guest, event.line, event.va, event.bytes);
      protect(guest, vcpu, space, start, end, event.perm);
      return true;
    }
    case 'clear': {
      const { start, end } = range(guest, event.line, event.va, event.bytes);
      clearBit(guest, vcpu, space, start, end, event.bit);
      return true;
    }
    case 'fork':
      if (guest.knows(event.child)) {
        guest.fail(
          event.line,
          `FORK names the child '${event.child}', which exists already`,
          'give every child a name of its own',
        );
      }
      fork(guest, vcpu, space, event.child);
      return true;
    case 'exec':
      refuseIfShared(guest, event.line, 'EXEC', vcpu, space);
      exec(guest, vcpu);
      return true;
    case 'exit':
      exitSpace(guest, event.line, vcpu, event.as);
      return true;
    case 'ipiflush':
      shootdown(guest, vcpu, event.va);
      return true;
    default:
      return false;
  }
}

function loadedSpace(guest: Guest, event: Extract<TraceEvent, { kind: 'cr3' }>): AddressSpace {
  return guest.scripted ? spaceOfRoot(guest, event.line, event.as, event.pcid) : guest.space(event.as);
}

/** A MAP that no guest could back says so before it starts. */
function checkPopulate(guest: Guest, line: number, pages: number, populate: boolean): void {
  const most = guest.config.ram === 'auto' ? MAX_RAM : guest.allocator.ram;
  if (!populate || pages <= most) return;
  guest.fail(
    line,
    `MAP populates ${Math.ceil(pages / 256)} MiB, more than the guest can have (${most / 256} MiB)`,
    'map it lazily (note `lazy`), or give the guest more with --ram',
  );
}

function exitSpace(guest: Guest, line: number, vcpu: number, name: string | null): void {
  if (name !== null && !guest.knows(name)) {
    guest.fail(
      line,
      `EXIT of address space '${name}', which does not exist`,
      '`p2msim trace check` lists every such event',
    );
  }
  const space = name === null ? guest.current[vcpu]! : guest.space(name);
  refuseIfShared(guest, line, 'EXIT', vcpu, space);
  exit(guest, vcpu, space);
}

/** A space is torn down only where no other vcpu runs it, and never the kernel's own. */
function refuseIfShared(guest: Guest, line: number, what: string, vcpu: number, space: AddressSpace): void {
  if (space === guest.swapper) {
    guest.fail(
      line,
      `${what}, but no process is running on vcpu ${vcpu}`,
      'SWITCH to an address space first',
    );
  }
  const elsewhere = guest.current.findIndex((loaded, v) => v !== vcpu && loaded === space);
  if (elsewhere < 0) return;
  guest.fail(
    line,
    `${what} of address space '${space.name}' while vcpu ${elsewhere} runs it`,
    'SWITCH that vcpu away first',
  );
}

function shootdown(guest: Guest, from: number, va: Word64 | null): void {
  for (let v = 0; v < guest.vcpus; v++) {
    if (v === from) continue;
    if (va === null) guest.loadCr3(v, guest.current[v]!, false);
    else guest.invlpg(v, pageNumberOf(va.hi, va.lo));
  }
}

function checkRam(guest: Guest, line: number, gfn: number): void {
  if (gfn >= guest.allocator.ram) {
    guest.fail(
      line,
      `PTW names table gfn 0x${gfn.toString(16)}, beyond the guest's RAM`,
      'declare more with `# ram:` or --ram',
    );
  }
}
