/**
 * One row, measured: baseline, subject, baseline, subject, ...
 */
import { ratioOf, summarize, verdictOf } from './statistics.mjs';

export async function measureRow(row, context) {
  const base = { id: row.id, title: row.title, unit: row.unit, sides: row.sides, target: row.target ?? null };
  const session = await row.open(context);
  if (session.unavailable !== undefined) return { ...base, unavailable: session.unavailable };
  try {
    const rounds = Math.min(context.rounds, row.mostRounds ?? Infinity) * (row.repeat ?? 1);
    const samples = { baseline: [], subject: [] };
    for (let round = 0; round < rounds; round++) {
      samples.baseline.push(await session.baseline());
      samples.subject.push(await session.subject());
    }
    const checks = (await session.check?.()) ?? [];
    return { ...base, ...conclude(row, session, samples), notes: session.notes ?? [], checks };
  } finally {
    session.close();
  }
}

function conclude(row, session, samples) {
  const baseline = summarize(samples.baseline);
  const subject = summarize(samples.subject);
  const combine = session.combine ?? ((b, s) => ratioOf(b, s, row.target?.better ?? 'lower'));
  const value = combine(baseline, subject);
  return { baseline, subject, value, result: row.result ?? 'x', verdict: verdictOf(value, row.target) };
}

/** True if no digest differs and no row fell over. */
export function isSound(rows) {
  return rows.every(
    ({ failed, checks }) =>
      failed !== true && (checks ?? []).every(({ differences }) => differences.length === 0),
  );
}
