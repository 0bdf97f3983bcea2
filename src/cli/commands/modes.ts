/** `p2msim modes`: the ways of translating, and the policies of shadow paging. */
import type { Command } from '@commander-js/extra-typings';
import type { Context, Library } from '../context.js';
import { nameTable } from '../name-table.js';

/** Every field of a policy: value, meaning, and what it may be. */
function policyText(name: string, library: Library): string {
  const policy = library.findPolicy(name);
  const rows = Object.entries(library.POLICY_FIELDS).map(([field, row]) => ({
    name: `${field}  ${JSON.stringify(library.policyFieldValue(policy, field))}`,
    summary: `${row.meaning}: ${library.expectedPolicyValue(row)}`,
  }));
  const how = `A file {"base": "${policy.name}", "FIELD": VALUE} given to --shadow-policy changes what it names.\n`;
  return `${policy.name}: ${policy.summary}\n${nameTable(rows)}\n${how}`;
}

export function addModes(program: Command, context: Context): void {
  program
    .command('modes')
    .summary('list modes and shadow policies')
    .description(
      'List the modes of --mode and the policies of --shadow-policy, or every field of one policy.',
    )
    .option('--policy <name>', 'print every field of this shadow policy (a name or a file)')
    .action(async ({ policy }) => {
      const library = await context.loadLibrary();
      if (policy !== undefined) {
        context.stdout.write(policyText(policy, library));
        return;
      }
      const policies = nameTable(library.policies.all());
      context.stdout.write(
        `${nameTable(library.backends.all())}\nShadow policies (--shadow-policy):\n${policies}`,
      );
    });
}
