/**
 * Errors on their way between threads, and which of them are answers: a refused scenario, not a bug.
 */
import { describe, expect, it } from 'vitest';
import { ConfigError, InternalError, TraceError, UsageError } from '../../../src/errors.js';
import { completeParams } from '../../../src/scenario/params.js';
import type { ScenarioParams } from '../../../src/scenario/scenario.js';
import { findScenario } from '../../../src/scenario/suites.js';
import { type Experiment, runCourse } from '../../../src/validate/experiment.js';
import { isRefusal, packError, unpackError } from '../../../src/validate/failure.js';
import { COURSE } from '../../../src/validate/tasks.js';

/** As a message between threads. */
const sent = (error: unknown): Error => unpackError(structuredClone(packError(error)));

describe('an error on its way', () => {
  it.each([
    new UsageError('words', { hint: 'try others' }),
    new ConfigError('numbers', { hint: 'smaller ones' }),
    new InternalError('a bug'),
    new TypeError('undefined is not a function'),
  ])('keeps class, message, hint, exit code and stack: %s', (error) => {
    const arrived = sent(error);
    expect([arrived.name, arrived.message, arrived.stack]).toEqual([error.name, error.message, error.stack]);
    const ours = (e: Error): unknown =>
      'exitCode' in e ? [e.constructor, e.exitCode, 'hint' in e && e.hint] : null;
    expect(ours(arrived)).toEqual(ours(error));
  });

  it('keeps its causes, and what was thrown that is no error', () => {
    const cause = new InternalError('below', { cause: new RangeError('deepest') });
    const arrived = sent(new ConfigError('above', { cause, hint: 'h' }));
    expect(arrived.cause).toBeInstanceOf(InternalError);
    expect((arrived.cause as Error).cause).toMatchObject({ name: 'RangeError', message: 'deepest' });
    expect(sent('text').message).toBe('text');
  });

  it('is an answer if a user or the guest is at fault, and else a bug', () => {
    const errors = [new UsageError('u'), new ConfigError('c'), new TraceError({ file: 'f' }, 't')];
    expect(errors.map(isRefusal)).toEqual([true, true, true]);
    expect([new InternalError('i'), new TypeError('t'), 'text', null].map(isRefusal)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});

function kvm(scenario: string, params: ScenarioParams, mode = 'shadow'): Experiment {
  return { suite: 'kvm', scenario, params, mode };
}

describe('a course', () => {
  const good = kvm('touch', completeParams(findScenario('touch').scenario, { n: 8 }));

  it('goes on after an experiment that is refused, whose error it hands over as it is', () => {
    const [refused, next] = runCourse({ settled: true, experiments: [{ ...good, mode: 'shadwo' }, good] });
    expect(refused?.error).toBeInstanceOf(UsageError);
    expect(refused?.error?.message).toContain("'shadwo' (did you mean 'shadow'?)");
    expect(next).toEqual(runCourse({ settled: true, experiments: [good] })[0]);
  });

  it('throws what only a bug can cause, ours or not', () => {
    // A guest of KVM runs one scenario: to ask for two is a mistake of this program's.
    expect(() => runCourse({ settled: true, experiments: [good, good] })).toThrow(InternalError);
    const broken = kvm('touch', null as unknown as ScenarioParams);
    expect(() => runCourse({ settled: true, experiments: [broken] })).toThrow(TypeError);
  });

  it('comes through a message unchanged, errors included', () => {
    const outcomes = runCourse({ settled: true, experiments: [{ ...good, mode: 'shadwo' }, good] });
    const arrived = COURSE.unpack(structuredClone(COURSE.pack(outcomes)));
    expect(arrived[0]?.error).toBeInstanceOf(UsageError);
    expect(arrived[0]?.error?.message).toBe(outcomes[0]?.error?.message);
    expect(arrived[1]).toEqual(outcomes[1]);
  });
});
