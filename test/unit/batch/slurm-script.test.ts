import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { slurmScript } from '../../../src/batch/slurm-script.js';

describe('the Slurm script', () => {
  it.each(['a $(echo no) b', '`echo no`', `it's "$HOME"`])('takes the name %s as it is', (name) => {
    const script = slurmScript({
      words: ['s.toml'],
      points: 4,
      tasks: 2,
      name,
      sweep: '0'.repeat(64),
      version: '1',
    });
    const cwd = mkdtempSync(join(tmpdir(), 'p2msim-slurm-'));
    // In the place of sbatch a function that gives a number.
    const run = execFileSync('sh', ['-s'], {
      cwd,
      input: `sbatch() { echo 7; }\n${script}`,
      encoding: 'utf8',
    });
    expect(run).toBe(`array job 7, collect job 7, results in ${name}.jsonl\n`);
    expect(script).toContain('--shard "$SLURM_ARRAY_TASK_ID/2"');
  });
});
