// Writes src/validate/data/xen.json and kvm.json from the files as they were measured:
// `node test/validation/compact-measured.mjs FOLDER`, where FOLDER holds their xen.json and kvm.json.
// What is dropped: host timer interrupts, counters that have nothing to be compared with, rows of repeated runs.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('give the folder with the measured xen.json and kvm.json');
const measured = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const target = new URL('../../src/validate/data/', import.meta.url);

const XEN_UNMODELLED =
  /^guest pagetable walks$|hash|get_shadow_status|^shadow writeable: sl1p$|checks gwalk|read-only linear map/;

function write(name, head, experiments) {
  const rows = experiments.map((row) => JSON.stringify(row)).join(',\n');
  const opening = JSON.stringify(head).slice(0, -1);
  writeFileSync(new URL(name, target), `${opening},\n"experiments":[\n${rows}\n]}\n`);
}

/** Without zeros and empty objects: absent means 0. */
const compact = (object) =>
  Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== 0 && JSON.stringify(value) !== '{}'),
  );

const without = (object, pattern) =>
  Object.fromEntries(Object.entries(object ?? {}).filter(([key]) => !pattern.test(key)));

function xen() {
  return measured('xen.json')
    .sort((a, b) => a.experiment - b.experiment || (a.mode < b.mode ? -1 : 1))
    .map((row) => ({
      number: row.experiment,
      scenario: row.workload,
      params: row.params,
      mode: row.mode,
      phases: [
        compact({
          phase: 'region',
          total: row.exits.total,
          byReason: row.exits.byReason,
          ...(row.mode === 'hap'
            ? {}
            : {
                byClass: row.pageFaultExits ?? {},
                guestFaults: row.guestFaultsInjected,
                counters: without(row.xenCounters, XEN_UNMODELLED),
              }),
          shadowPages: row.shadowPagesAddedInRegion,
        }),
      ],
    }));
}

/** What every experiment had unless it says otherwise. */
const KVM_PARAMS = {
  ad: 3,
  win: 2048,
  pop: 1,
  fa: 1,
  stride: 1,
  op: 0,
  order: 0,
  thp: 0,
  cold: 0,
  ptcold: 0,
  var: 0,
};

function varied(params) {
  return Object.fromEntries(Object.entries(params).filter(([name, value]) => KVM_PARAMS[name] !== value));
}

function kvmPhase(row) {
  return compact({
    phase: row.phase,
    seq: row.seq,
    total: row.exits.total,
    byReason: row.exits.byReason,
    byClass: row.exits.byClass,
    ...(row.mode === 'shadow' ? { guestFaults: row.stats.pf_guest ?? 0 } : {}),
    pageTablePages: row.pageTablePages,
  });
}

function kvm() {
  const experiments = new Map();
  for (const row of measured('kvm.json')) {
    const mode = row.set === undefined ? row.mode : `${row.mode}:${row.set}`;
    const key = JSON.stringify([row.workload, row.params, mode]);
    if (!experiments.has(key)) {
      const partial = row.set === 'linux-6.12.107' ? { partial: true } : {};
      experiments.set(key, {
        scenario: row.workload,
        params: varied(row.params),
        mode,
        ...partial,
        phases: [],
      });
    }
    experiments.get(key).phases.push(kvmPhase(row));
  }
  return [...experiments.values()];
}

write(
  'xen.json',
  {
    common: {},
    what: 'Xen 4.17.5 (Debian 4.17.5+72-g01140da4e8), PVH dom0, one vcpu, 1 GiB',
    how: 'AMD SVM with nested paging under QEMU 7.2 TCG; exits from the log of the emulated machine, counters from XEN_SYSCTL_perfc_op',
    dropped:
      'host timer interrupts; counters of hash chains, walks and look-ups; repeated runs, which were identical',
  },
  xen(),
);
write(
  'kvm.json',
  {
    common: KVM_PARAMS,
    what: 'Linux KVM 6.1.192 (Debian linux-image-6.1.0-56-amd64); 6.12.107 and kvm.tdp_mmu=0 where they differ; one vcpu, 256 MiB',
    how: 'AMD SVM under QEMU 7.2.22 TCG; exits from histogram triggers on kvm:kvm_exit and kvm:kvm_page_fault, pages from nr_sec_page_table_pages',
    dropped:
      'host timer interrupts, the port write that ends each phase, statistics that follow from the exits',
  },
  kvm(),
);
