/** `p2msim explain`: what a metric, VMEXIT reason, mode or term means. */
import type { Command } from '@commander-js/extra-typings';
import type { Context, FullLibrary } from '../context.js';
import { examples } from '../help.js';
import { asJson } from '../json-text.js';

const withEnd = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);

/** The words as one topic if they are one (`out of sync`), else each by itself if at least one is. */
function topicsOf(words: readonly string[], library: FullLibrary): readonly string[] {
  const whole = words.join(' ');
  const isTopic = (word: string): boolean => {
    try {
      library.explanation(word);
      return true;
    } catch (error) {
      if (error instanceof library.UsageError) return false;
      throw error;
    }
  };
  return isTopic(whole) || !words.some(isTopic) ? [whole] : words;
}

export function addExplain(program: Command, context: Context): void {
  const command = program
    .command('explain')
    .summary('say what a metric, VMEXIT reason or term means')
    .description(
      'Say what a metric, VMEXIT reason, mode or term means, or a row or column of a report as it is printed, where it ' +
        'comes from and what lowers it.',
    )
    .argument('[topic...]', 'names, or one of several words; without any, every topic is listed')
    .option('--json', 'print JSON');
  command.addHelpText(
    'after',
    examples(
      ['p2msim explain walk.refs.nested', 'a metric'],
      ['p2msim explain walk.refs vmexit.total', 'two metrics'],
      ['p2msim explain EXCP_PF', 'a VMEXIT, by any vendor name'],
      ['p2msim explain vs native', 'a row of a comparison'],
    ),
  );
  command.action(async (words, { json }) => {
    const library = await context.loadFullLibrary();
    if (words.length === 0) {
      const all = library.topicList();
      context.stdout.write(json === true ? asJson(all) : `${library.explainTopics().join('\n')}\n`);
      return;
    }
    const topics = topicsOf(words, library);
    const texts =
      json === true ? topics.map((each) => asJson(library.explanation(each))) : topics.map(library.explain);
    context.stdout.write(texts.map(withEnd).join(json === true ? '' : '\n'));
  });
}
