#!/usr/bin/env node
require('../lib/chunk-loader.cjs').loadChunk('cli/main.cjs');
