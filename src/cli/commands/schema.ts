/** `p2msim schema`: the JSON Schema of whatever is printed as JSON or read from a file. */
import type { Command } from '@commander-js/extra-typings';
import type { Context, FullLibrary } from '../context.js';
import { writeListing } from '../listing-text.js';
import { examples } from '../help.js';
import { asJson } from '../json-text.js';

function listText(library: FullLibrary): string {
  const { schemas } = library.schemaList();
  const [names, ids] = [schemas.map(({ name }) => name.length), schemas.map(({ id }) => id.length)];
  const lines = schemas.map(
    ({ name, id, summary }) =>
      `  ${name.padEnd(Math.max(...names))}  ${id.padEnd(Math.max(...ids))}  ${summary}\n`,
  );
  return lines.join('');
}

export function addSchema(program: Command, context: Context): void {
  const command = program
    .command('schema')
    .summary('print the JSON Schema of an output or a file')
    .description(
      'Print the JSON Schema (2020-12) of what a command prints as JSON or reads from a file; without a name, list them all.',
    )
    .argument('[name]', 'result, config, sweep, ..., or an id such as p2msim.result/1')
    .option('--json', 'print the list as JSON');
  command.addHelpText(
    'after',
    examples(
      ['p2msim schema result', 'of `replay --json`'],
      [
        'p2msim schema config > p2msim.config.schema.json',
        'for an editor: {"$schema": "./p2msim.config.schema.json"}',
      ],
    ),
  );
  command.action(async (name, { json }) => {
    const library = await context.loadFullLibrary();
    if (name !== undefined) context.stdout.write(asJson(library.jsonSchema(library.findSchema(name))));
    else if (json === true) context.stdout.write(asJson(library.schemaList()));
    else writeListing(listText(library), context, library);
  });
}
