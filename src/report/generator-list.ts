/**
 * The list of generators as text: what all take, then one after the other, a line for each parameter of its own.
 */
import { COMMON_PARAMS } from '../trace/generate/common-params.js';
import type { GeneratorParam, TraceGenerator } from '../trace/generate/generator.js';
import { expected, paramsOf, valueText } from '../trace/generate/params.js';

const NAME_WIDTH = 10;

/** Every generator given; `whole`: the parameters that all have are listed with each. */
export function generatorListText(generators: readonly TraceGenerator[], whole: boolean): string {
  const lines = generators.flatMap((generator) => [
    `  ${generator.name.padEnd(14)}  ${generator.summary}`,
    ...(whole ? paramsOf(generator) : generator.params).flatMap(paramLines),
  ]);
  if (whole) return `${lines.join('\n')}\n`;
  const common = [
    'every generator takes (other defaults where it says so):',
    ...COMMON_PARAMS.flatMap(paramLines),
  ];
  const head =
    'generators: `p2msim trace generate NAME`, or `gen:NAME,KEY=VALUE,...` where a trace is expected';
  return `${[head, ...lines, '', ...common].join('\n')}\n`;
}

function paramLines(param: GeneratorParam): string[] {
  const fallback = valueText(param, param.fallback);
  const unit = param.kind === 'word' || param.unit === param.name ? '' : ` [${param.unit}]`;
  const name = param.name.padEnd(NAME_WIDTH);
  return [
    `    ${name} ${param.meaning}${unit}`,
    `    ${' '.repeat(NAME_WIDTH)} ${expected(param)}; default ${fallback}`,
  ];
}
