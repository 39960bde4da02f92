import { start } from './bootstrap.mjs';
import { checkPrerequisites } from './prerequisites.mjs';

await start('scripts/up/main.ts', process.argv.slice(2), { before: checkPrerequisites });
