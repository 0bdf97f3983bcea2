/** Every processor gets a worker: most of the tests' time is arithmetic. No test fails for a slow machine. */
import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { maxWorkers: '100%', testTimeout: 60_000 } });
