import { createHash, randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UpstreamError } from '../../core/errors.ts';
import type { ServerId } from '../../core/ids.ts';
import type { Profile, ServerRef } from '../../core/servers/server.ts';
import type { ProcessName } from './process.ts';
import type { SandboxKind } from './sandbox.ts';

/** What was decided when a server was made; written once. */
export type Made = {
  id: ServerId;
  generation: number;
  instance: string;
  kind: SandboxKind;
  /** Of the server's processes; its own alone where `kind` is `root`. */
  uid: number;
  cgroups: string[];
  profile: Pick<Profile, 'cpus' | 'memoryBytes' | 'diskBytes' | 'processes'>;
  madeMs: number;
};

/** The state folder of one server. Any later process finds in it all there is to know. */
export type Folder = { path: string; made: Made; claimed: boolean; leaving: boolean };

/** Ids of any length and letters become distinct names of 16 letters: nothing of an id is in a path. */
export const folderName = ({ id, generation }: ServerRef) => createHash('sha256').update(`${id}\0${generation}`).digest('hex').slice(0, 16);

/** Longest path a unix socket may have on Linux; macOS allows 103. */
const SOCKET_PATH = 103;

/**
 * Makes the private folder of all servers, or checks the one that is there.
 * @throws UpstreamError('sandbox') when somebody else owns it, or its path is too long for a socket
 */
export function openRunDir(runDir: string): void {
  if (join(runDir, 'x'.repeat(16), 's').length > SOCKET_PATH) throw new UpstreamError('sandbox', `the path ${runDir} is too long for sockets`);
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  const found = lstatSync(runDir);
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0) {
    throw new UpstreamError('sandbox', `${runDir} is not a folder of ours alone (mode 700): remove it`);
  }
}

/** Takes the name for this server: `exists` when there is one already, even one made by another process at this moment. */
export function addFolder(runDir: string, made: Made): Folder | 'exists' {
  const path = join(runDir, folderName(made));
  const fresh = join(runDir, `.new-${randomBytes(6).toString('hex')}`);
  mkdirSync(fresh, { mode: 0o700 });
  writeFileSync(join(fresh, 'server.json'), JSON.stringify(made), { mode: 0o600 });
  try {
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) return 'exists';
    throw error;
  }
  return { path, made, claimed: false, leaving: false };
}

function read(path: string, leaving: boolean): Folder | undefined {
  try {
    const made = JSON.parse(readFileSync(join(path, 'server.json'), 'utf8')) as Made;
    return { path, made, claimed: existsSync(join(path, 'claimed')), leaving };
  } catch {
    return undefined;
  }
}

/** The folder of this server, else none. What is being stopped no longer counts. */
export const findFolder = (runDir: string, ref: ServerRef): Folder | undefined => read(join(runDir, folderName(ref)), false);

/** All of them, with those whose stop was begun and never ended. */
export function allFolders(runDir: string): Folder[] {
  return readdirSync(runDir).flatMap((name) => {
    const path = join(runDir, name);
    if (name.startsWith('.new-')) {
      // Left by a process that died between two steps.
      if (Date.now() - statSync(path, { throwIfNoEntry: false })!.mtimeMs > 60_000) rmSync(path, { recursive: true, force: true });
      return [];
    }
    return read(path, name.startsWith('.leaving-')) ?? [];
  });
}

export const leavingFolders = (runDir: string, ref: ServerRef): Folder[] =>
  readdirSync(runDir).filter((name) => name.startsWith(`.leaving-${folderName(ref)}`)).flatMap((name) => read(join(runDir, name), true) ?? []);

/** Gives up the name, so that a start may take it again and a launch under way sees that it was stopped. */
export function moveAway(runDir: string, folder: Folder): Folder {
  const path = join(runDir, `.leaving-${folderName(folder.made)}-${randomBytes(4).toString('hex')}`);
  renameSync(folder.path, path);
  return { ...folder, path, leaving: true };
}

export const removeFolder = (folder: Folder) => rmSync(folder.path, { recursive: true, force: true });

/** One-way, and on the disk before this returns. */
export function markClaimed(folder: Folder): void {
  const file = openSync(join(folder.path, 'claimed'), 'w', 0o600);
  fsyncSync(file);
  closeSync(file);
  const directory = openSync(folder.path, 'r');
  fsyncSync(directory);
  closeSync(directory);
}

/** The sandbox's outer process, once the launcher has named it. */
export function launchedProcess(folder: Folder): ProcessName | undefined {
  try {
    return JSON.parse(readFileSync(join(folder.path, 'process'), 'utf8')) as ProcessName;
  } catch {
    return undefined;
  }
}

/** What bubblewrap said of it: the first process of the namespace as seen from here, and how it ended. */
export function sandboxStatus(folder: Folder): { init?: number; exitCode?: number } {
  let text = '';
  try {
    text = readFileSync(join(folder.path, 'status'), 'utf8');
  } catch {
    return {};
  }
  const number = (name: string) => {
    const found = new RegExp(`"${name}":\\s*(\\d+)`).exec(text)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  return { init: number('child-pid'), exitCode: number('exit-code') };
}

/** A small note beside the server: that it was once ready, or why it was ended. */
export function note(folder: Folder, name: 'ready' | 'ended', text: string): void {
  try {
    writeFileSync(join(folder.path, name), text, { mode: 0o600 });
  } catch (error) {
    // Stopped meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

export function readNote(folder: Folder, name: 'ready' | 'ended'): string | undefined {
  try {
    return readFileSync(join(folder.path, name), 'utf8');
  } catch {
    return undefined;
  }
}

/** The end of what the start wrote before code of a learner could run. */
export function logTail(folder: Folder): string {
  try {
    return readFileSync(join(folder.path, 'log'), 'utf8').slice(-2000);
  } catch {
    return '';
  }
}
