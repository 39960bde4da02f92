import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { UpstreamError } from '../../core/errors.ts';
import type { ServerSecrets } from '../../core/servers/spawner.ts';
import type { Folder } from './folder.ts';
import { scopeEnvironment } from './scope.ts';
import { environment, FD, HOME, PYTHON, RUN, sandboxed, sandboxFiles, type SandboxPlaces } from './sandbox.ts';

const LAUNCHER = join(import.meta.dirname, 'launch.py');

export type LaunchPlaces = SandboxPlaces & { /** Runs a command in a scope of its own with limits, where no cgroup can be made by us. */ scope?: (folder: Folder) => string[] };

/**
 * Starts the server of this folder and resolves once its sandbox is named in the folder; the server itself goes on booting, and
 * outlives this process.
 * @throws UpstreamError('sandbox') when the launcher could not do it
 */
export async function launch(folder: Folder, secrets: ServerSecrets, places: LaunchPlaces): Promise<void> {
  const { made } = folder;
  const inside = made.kind === 'none' ? { home: join(folder.path, 'home'), run: join(folder.path, 'r'), python: places.pythonDir } : { home: HOME, run: RUN, python: PYTHON };
  const program = [`${inside.python}/bin/python`, '-P', '-m', 'lectern_server'];
  const bare = environment(inside);
  const command = made.kind === 'none' ? program : sandboxed(made.kind, made.uid, made.profile, places, program);
  const child = spawn(join(places.pythonDir, 'bin/python'), ['-I', '-S', LAUNCHER], { cwd: folder.path, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined);
  child.stdin.end(
    JSON.stringify({
      folder: folder.path,
      cgroups: made.cgroups,
      settings: { id: made.id, generation: made.generation, token: secrets.token, identityKey: secrets.identityKey, listen: { fd: FD.socket }, root: inside.home, run: inside.run },
      files: made.kind === 'none' ? [] : sandboxFiles(made.uid).map((content) => content.toString('base64')),
      command: [...(places.scope?.(folder) ?? []), ...command],
      // The sandbox sets its own; what is given here can be seen in /proc by the processes inside.
      environment: made.kind === 'none' ? { ...bare, LECTERN_INSTANCE: made.instance } : {},
      keepEnvironment: places.scope ? scopeEnvironment : [],
    }),
  );
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  failed.catch(() => undefined);
  try {
    // Both end when the launcher becomes the sandbox, or dies.
    const [said, complained] = await Promise.race([Promise.all([text(child.stdout), text(child.stderr)]), failed]);
    if (said.trim() !== 'launched') throw new Error(complained.trim().slice(-1000) || 'the launcher said nothing');
  } catch (cause) {
    throw new UpstreamError('sandbox', `start server ${made.id}`, cause);
  }
  child.unref();
}
