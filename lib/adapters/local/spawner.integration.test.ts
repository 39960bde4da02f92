import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject, vi } from 'vitest';
import { spawnerContract } from '../../core/servers/spawner.contract.ts';
import { findFolder, launchedProcess, sandboxStatus } from './folder.ts';
import { makeLocalSpawner, type LocalSpawner } from './spawner.ts';

// Starts and kernels' deaths take long on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const place = (sandbox?: 'none') => async () => {
  const above = mkdtempSync(join(tmpdir(), 'lt-'));
  const runDir = join(above, 'r');
  const opened: LocalSpawner[] = [];
  const open = async () => {
    const spawner = await makeLocalSpawner({ pythonDir: inject('pythonDir'), runDir, network: false, sandbox });
    opened.push(spawner);
    return spawner;
  };
  return {
    open,
    async crash(server: Parameters<LocalSpawner['look']>[0]) {
      const folder = findFolder(runDir, server)!;
      process.kill(sandboxStatus(folder).init ?? launchedProcess(folder)!.pid, 'SIGKILL');
    },
    async end() {
      for (const spawner of opened) spawner.close();
      const last = await open();
      for (const server of await last.list()) await last.stop(server);
      last.close();
      rmSync(above, { recursive: true, force: true });
    },
  };
};

spawnerContract('the local spawner, sandboxed', place());
spawnerContract('the local spawner without a sandbox', place('none'));
