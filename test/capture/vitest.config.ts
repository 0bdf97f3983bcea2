/** `npm run test:capture`: captures of real programs; says what is missing and skips, and installs nothing. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/capture/*.real.ts'], maxWorkers: 1, testTimeout: 300_000 },
});
