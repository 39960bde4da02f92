import { start } from './bootstrap.mjs';

await start('scripts/checks/check.ts', process.argv.slice(2));
