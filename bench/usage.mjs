/**
 * Loaded before a measured program (`node --import`): writes what the process used to a file when it exits.
 */
import { writeFileSync } from 'node:fs';

process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  const { maxRSS } = process.resourceUsage();
  writeFileSync(process.env.BENCH_USAGE_FILE, JSON.stringify({ user, system, maxRSS }));
});
