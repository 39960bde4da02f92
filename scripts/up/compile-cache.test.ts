import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../run.mjs';
import { fillCompileCache } from './compile-cache.ts';

const root = join(import.meta.dirname, '../..');
/** Says at the end whether Node's TypeScript compiler was loaded. */
const tell = "data:text/javascript,process.on('exit', () => console.log(process.moduleLoadList.some((name) => name.includes('deps/amaro')) ? 'compiler loaded' : 'no compiler'))";

// Seen to fail with any one import taken out of load-programs.ts.
test('the first start of a program loads no TypeScript compiler', { timeout: 120_000 }, async () => {
  const cache = mkdtempSync(join(tmpdir(), 'lc-'));
  try {
    // Without a database the gateway ends once it has read its settings, the controller once it finds no Python environment.
    const env = { ...process.env, NODE_COMPILE_CACHE: cache, LECTERN_STATE_DIR: join(cache, 'state'), LECTERN_CACHE_DIR: '', LECTERN_SECRET: 'x'.repeat(32), LECTERN_SPAWNER: 'local' };
    const start = (name: string, databaseUrl: string) => run(process.execPath, ['--import', tell, join(root, `lib/${name}/main.ts`)], { cwd: root, env: { ...env, DATABASE_URL: databaseUrl }, timeoutMs: 60_000 });
    expect((await start('gateway', '')).tail).toContain('compiler loaded');
    rmSync(cache, { recursive: true });
    await fillCompileCache(root, env);
    expect((await start('gateway', '')).tail).toContain('no compiler');
    const controller = await start('controller', 'postgres://127.0.0.1:9/nowhere');
    expect(controller.tail).toContain('no notebook environment');
    expect(controller.tail).toContain('no compiler');
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
});
