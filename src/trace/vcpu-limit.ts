/** What is said about a record on a vcpu that the machine has not. */

/** Numbers of so many vcpus. */
export function vcpuRange(count: number): string {
  return count === 1 ? '0' : `0 to ${count - 1}`;
}

/** `id` is the vcpu of the record; `count` is how many the machine has. */
export function beyondVcpus(id: number, count: number): { readonly message: string; readonly hint: string } {
  return {
    message: `the trace uses vcpu ${id}, but the machine has ${count} (${vcpuRange(count)})`,
    hint: `give it more with --vcpus ${id + 1}, or \`# vcpus: ${id + 1}\` at the head of the trace`,
  };
}
