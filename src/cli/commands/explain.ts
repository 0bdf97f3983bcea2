/** `p2msim explain`: what a metric, VMEXIT reason, mode or term means. */
import type { Command } from '@commander-js/extra-typings';
import type { Context } from '../context.js';
import { examples } from '../help.js';

export function addExplain(program: Command, context: Context): void {
  const command = program
    .command('explain')
    .summary('say what a metric, VMEXIT reason or term means')
    .description(
      'Say what a metric, VMEXIT reason, mode or term means, where it comes from and what lowers it.',
    )
    .argument('[topic...]', 'a name of one or more words; without one, every topic is listed');
  command.addHelpText(
    'after',
    examples(
      ['p2msim explain walk.refs.nested', 'a metric'],
      ['p2msim explain EXCP_PF', 'a VMEXIT, by any vendor name'],
    ),
  );
  command.action(async (words) => {
    const library = await context.loadFullLibrary();
    const text = words.length === 0 ? library.explainTopics().join('\n') : library.explain(words.join(' '));
    context.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  });
}
