#!/usr/bin/env node
// No ES module, as src/chunk-loader.ts says.
require('../lib/chunk-loader.cjs').loadChunk('cli/main.cjs');
