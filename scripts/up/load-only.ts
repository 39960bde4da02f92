import { flushCompileCache } from 'node:module';

// Whoever imports this first has loaded everything and runs nothing.
flushCompileCache();
process.exit();
