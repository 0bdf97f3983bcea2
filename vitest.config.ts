/** Every processor gets a worker: most of the tests' time is arithmetic. */
import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { maxWorkers: '100%' } });
