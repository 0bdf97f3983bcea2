/** `p2msim modes`: the ways of translating, and the policies of shadow paging. */
import type { Command } from '@commander-js/extra-typings';
import type { Context, Library } from '../context.js';
import { nameTable } from '../name-table.js';

/** A policy as a policy file writes it. */
function policyRecord(name: string, library: Library): Record<string, unknown> {
  const policy = library.findPolicy(name);
  const fields = Object.keys(library.POLICY_FIELDS);
  return Object.fromEntries(fields.map((field) => [field, library.policyFieldValue(policy, field)]));
}

/** Every field of a policy: its value, and below it what it means and may be. */
function policyText(name: string, library: Library): string {
  const policy = library.findPolicy(name);
  const record = policyRecord(name, library);
  const rows = Object.entries(library.POLICY_FIELDS).map(
    ([field, row]) =>
      `  ${field}: ${JSON.stringify(record[field])}\n      ${row.meaning} (${library.expectedPolicyValue(row)})\n`,
  );
  const base = library.policies.has(name) ? name : 'xen';
  const how = `A file {"base": "${base}", "FIELD": VALUE} given to --shadow-policy changes what it names.\n`;
  return `${policy.name}: ${policy.summary}\n${rows.join('')}\n${how}`;
}

function modesText(library: Library): string {
  const policies = nameTable(library.policies.all());
  return `${nameTable(library.backends.all())}\nShadow policies (--shadow-policy):\n${policies}`;
}

function modesJson(library: Library): unknown {
  const named = ({ name, summary }: { name: string; summary: string }): object => ({ name, summary });
  return { modes: library.backends.all().map(named), shadowPolicies: library.policies.all().map(named) };
}

export function addModes(program: Command, context: Context): void {
  program
    .command('modes')
    .summary('list modes and shadow policies')
    .description(
      'List the modes of --mode and the policies of --shadow-policy, or every field of one policy.',
    )
    .option('--policy <name>', 'print every field of this shadow policy (a name or a file)')
    .option('--json', 'print JSON')
    .action(async ({ policy, json }) => {
      const library = await context.loadLibrary();
      const asJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
      if (policy === undefined) context.stdout.write(json ? asJson(modesJson(library)) : modesText(library));
      else context.stdout.write(json ? asJson(policyRecord(policy, library)) : policyText(policy, library));
    });
}
