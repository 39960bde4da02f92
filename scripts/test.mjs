import { start } from './bootstrap.mjs';

await start('scripts/checks/test.ts', process.argv.slice(2));
