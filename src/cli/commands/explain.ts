/** `p2msim explain`: what a metric, VMEXIT reason, mode or term means. */
import type { Command } from '@commander-js/extra-typings';
import type { Context } from '../context.js';
import { examples } from '../help.js';
import { asJson } from '../json-text.js';

export function addExplain(program: Command, context: Context): void {
  const command = program
    .command('explain')
    .summary('say what a metric, VMEXIT reason or term means')
    .description(
      'Say what a metric, VMEXIT reason, mode or term means, or a row or column of a report as it is printed, where it ' +
        'comes from and what lowers it.',
    )
    .argument('[topic...]', 'a name of one or more words; without one, every topic is listed')
    .option('--json', 'print JSON');
  command.addHelpText(
    'after',
    examples(
      ['p2msim explain walk.refs.nested', 'a metric'],
      ['p2msim explain EXCP_PF', 'a VMEXIT, by any vendor name'],
      ['p2msim explain vs native', 'a row of a comparison'],
    ),
  );
  command.action(async (words, { json }) => {
    const library = await context.loadFullLibrary();
    const topic = words.join(' ');
    if (json === true) {
      const value = topic === '' ? library.topicList() : library.explanation(topic);
      context.stdout.write(asJson(value));
      return;
    }
    const text = topic === '' ? library.explainTopics().join('\n') : library.explain(topic);
    context.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  });
}
