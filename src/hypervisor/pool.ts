/**
 * Paging-memory pool of a domain: the pages that its p2m and shadows are made of.
 *
 * Xen's toolstack (libxl__get_required_paging_memory): 256 pages per vcpu plus, per MiB of RAM, 1 page for
 * the p2m and 1 more for shadows if the guest does not use HAP.
 */

/** `ram` in frames of 4 KiB. */
export function hapPoolPages(vcpus: number, ram: number): number {
  return 256 * vcpus + Math.ceil(ram / 256);
}

export function shadowPoolPages(vcpus: number, ram: number): number {
  return 256 * vcpus + 2 * Math.ceil(ram / 256);
}
