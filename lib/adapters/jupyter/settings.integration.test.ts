import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { Kernel } from '../../../scripts/testing/kernel.ts';
import { freePort } from '../../../scripts/up/ports.ts';
import type { Access } from '../../core/servers/jupyter.ts';
import { environment } from '../local/sandbox.ts';
import { anySecrets, anyServer } from '../../core/servers/server.fixture.ts';
import { makeJupyter } from './jupyter.ts';

const jupyter = makeJupyter();
let folder: string;
let server: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lectern-settings-'));
  for (const name of ['home', 'run']) mkdirSync(join(folder, name));
});

afterEach(async () => {
  await jupyter.close();
  if (server && server.exitCode === null) {
    const gone = once(server, 'exit');
    process.kill(-server.pid!, 'SIGKILL');
    await gone;
  }
  rmSync(folder, { recursive: true, force: true });
});

const environmentWith = (settings: string): NodeJS.ProcessEnv => ({ ...process.env, ...environment({ home: join(folder, 'home'), python: inject('pythonDir') }), LECTERN_SETTINGS: settings });

// Seen to fail on its last line with the variable taken out of os.environ only: the settings stayed in /proc/<server>/environ.
test('a server that is given its settings in the environment, as in a pod, answers on a port, and no kernel finds them', async () => {
  const access: Access = { ref: anyServer(), address: { kind: 'tcp', host: '127.0.0.1', port: await freePort() }, secrets: anySecrets() };
  const settings = { ...access.ref, ...access.secrets, listen: { host: '127.0.0.1', port: access.address.kind === 'tcp' && access.address.port }, root: join(folder, 'home'), run: join(folder, 'run') };
  server = spawn(join(inject('pythonDir'), 'bin/python'), ['-P', '-m', 'lectern_server'], {
    detached: true,
    stdio: 'ignore',
    env: environmentWith(JSON.stringify(settings)),
  });
  await expect.poll(() => jupyter.prove(access), { timeout: 120_000, interval: 200 }).toBe('proven');

  const { kernelId, sessionId } = await jupyter.openSession(access, 'lesson.ipynb');
  const kernel = await Kernel.connect(access, kernelId, sessionId);
  try {
    expect(await kernel.run("import os; print('LECTERN_SETTINGS' in os.environ)")).toBe('False\n');
    expect(await kernel.run("print(open(f'/proc/{os.getppid()}/cmdline').read().count('lectern_server'), 'LECTERN_SETTINGS' in open(f'/proc/{os.getppid()}/environ').read())")).toBe('1 False\n');
  } finally {
    kernel.close();
  }
});
