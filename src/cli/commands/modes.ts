/** `p2msim modes`: the ways of translating, and the policies of shadow paging. */
import type { Command } from '@commander-js/extra-typings';
import type { Context, Library } from '../context.js';
import { nameTable } from '../name-table.js';
import { asJson } from '../json-text.js';
import { writeListing } from '../listing-text.js';

/** Every field of a policy: its value, and below it what it means and may be. */
function policyText(name: string, library: Library): string {
  const policy = library.findPolicy(name);
  const record = library.policyListing(name);
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
      if (json === true) {
        context.stdout.write(
          asJson(policy === undefined ? library.modeList() : library.policyListing(policy)),
        );
      } else if (policy === undefined) writeListing(modesText(library), context, library);
      else context.stdout.write(policyText(policy, library));
    });
}
