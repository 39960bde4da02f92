import { start } from './bootstrap.mjs';

// Runs one TypeScript front door: `node scripts/start.mjs scripts/backup.ts ...`.
const [script, ...args] = process.argv.slice(2);
await start(script, args);
