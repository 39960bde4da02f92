import { expect, test } from 'vitest';
import type { WorkspaceId } from '../ids.ts';
import { anySecrets, anyServer } from '../servers/server.fixture.ts';
import { Withheld } from './blobs.ts';
import { makeLabSave } from './lab-save.ts';

// Seen to fail with what is withheld taken for a failure: "Lectern cannot store it just now", and a line of the log.
test('T47 a save of JupyterLab’s past its owner’s new bytes of an hour says when it goes on, and the disk gets back what there was', async () => {
  const refusal = { code: 'quota', say: 'It goes on in 10 minutes.', usedBytes: 1, limitBytes: 1, retryAfterS: 600 } as const;
  const [removed, failures] = [[] as string[], [] as unknown[]];
  const lab = makeLabSave({
    workspaces: { find: async () => ({ user: 'u', usedBytes: 0 }), file: async () => undefined, serialised: (_workspace: WorkspaceId, _paths: string[], work: () => Promise<unknown>) => work() } as never,
    blobs: { put: () => Promise.reject(new Withheld(refusal)) } as never,
    budget: { of: () => async () => undefined },
    jupyter: { read: async () => ({ size: 1 }), remove: async (_access: unknown, paths: string[]) => void removed.push(...paths) } as never,
    limitBytes: 1e9,
    onError: (error) => failures.push(error),
  });
  const place = { workspace: 'w' as WorkspaceId, access: { ref: anyServer(), address: { kind: 'unix' as const, path: '/nowhere' }, secrets: anySecrets() } };
  expect(await lab.save(place, 'big.bin', async () => ({ state: 'done' }))).toEqual({ ok: false, refusal });
  expect(removed).toEqual(['big.bin']);
  expect(failures).toEqual([]);
});
