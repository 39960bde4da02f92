import { mkdirSync, writeFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startStack } from '../../e2e/stack.ts';
import { between } from '../markdown.ts';
import { explain, makeProgress } from '../progress.mjs';
import { figuresTable, type Figure } from './figure.ts';
import { benchGateway } from './gateway.ts';
import { lighthouseFigures } from './lighthouse.ts';
import { programsMemory, serverMemory } from './memory.ts';
import { cellRoundTrip, coldClick, lessonPage, warmClick } from './pages.ts';

const root = join(import.meta.dirname, '../..');
const progress = makeProgress();
const figures: Figure[] = [];
const measure = async (title: string, work: () => Promise<Figure | Figure[]>) => {
  try {
    const found = await progress.step(title, async () => [await work()].flat());
    figures.push(...found);
    for (const { id, value, unit, holds } of found) progress.line(`    ${id}: ${value} ${unit}${holds ? '' : '  (goal missed)'}`);
  } catch (error) {
    process.exitCode = 1;
    progress.warn(explain(error).trim());
  }
};
const stack = async (env: Record<string, string>, work: (site: string, stateDir: string, databaseUrl: string) => Promise<void>) => {
  const running = await progress.step('Starting Lectern', () => startStack(env));
  process.env.E2E_SITE = running.site;
  process.env.E2E_STATE_DIR = running.stateDir;
  process.env.E2E_DATABASE_URL = running.databaseUrl;
  try {
    await work(running.site, running.stateDir, running.databaseUrl);
  } finally {
    await running.stop();
  }
};

await stack({ LECTERN_POOL_FLOOR: '2' }, async (site, stateDir, databaseUrl) => {
  await measure('Memory', async () => {
    await new Promise((idle) => setTimeout(idle, 15_000));
    return [programsMemory(stateDir), await serverMemory(stateDir, databaseUrl)];
  });
  await measure('Lesson page', () => lessonPage(site));
  await measure('Click to output, warm', () => warmClick(site));
  await measure('Cell round trip', () => cellRoundTrip(site));
  await measure('Lighthouse', () => lighthouseFigures(site));
});
await stack({ LECTERN_POOL_FLOOR: '0' }, (site) => measure('Click to output, none warm', () => coldClick(site)));
await measure('Gateway', () => benchGateway());

const reports = join(process.env.LECTERN_STATE_DIR || join(root, '.lectern'), 'reports');
mkdirSync(reports, { recursive: true });
writeFileSync(join(reports, 'bench.json'), `${JSON.stringify(figures, null, 2)}\n`);
const table = figuresTable(figures);
progress.line(`\n${table}\n\n${join(reports, 'bench.json')}`);
if (process.argv.includes('--readme')) {
  const readme = join(root, 'README.md');
  const said = `Medians of several runs on one machine with ${(await import('node:os')).availableParallelism()} cores, measured by \`npm run bench\` in Chromium against the whole stack.`;
  writeFileSync(readme, between(readFileSync(readme, 'utf8'), ['<!-- bench: written by `npm run bench -- --readme` -->', '<!-- bench end -->'], `${said}\n\n${table}`));
}
process.exit();
