import { request } from 'node:http';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findFolder } from '../../lib/adapters/local/folder.ts';
import { privateRunDir } from '../../lib/adapters/local/run-dir.ts';
import type { WorkspaceId } from '../../lib/core/ids.ts';
import type { Server } from '../../lib/core/servers/server.ts';
import { serverSecrets } from '../../lib/core/servers/secrets.ts';
import { pause } from './browser.ts';
import type { Door } from './door.ts';
import { openChannel } from './hostile-channel.ts';
import { hostile, type Kind } from './hostile-kinds.ts';
import { placeRelay, type Relay } from './hostile-relay.ts';
import { serverPid } from './kills.ts';
import { makePage, type Page } from './page.ts';
import { PATIENCE_MS } from './hostile-worker.ts';
import type { DrillHub, Learner } from './people.ts';

/** What became of a hostile server: the reason with which the site ended it, or that it ran on until its turn was over. */
export type Turned = { kind: Kind; ended: string; afterS: number };

type Options = {
  door: Door;
  watched: DrillHub;
  stateDir: string;
  nextKind(): Kind;
  /** A server that nobody ends is stopped by its learner then. */
  turnMs: number;
  isOver(): boolean;
  note(turned: Turned): void;
  /** Bytes that the site said are kept. */
  acknowledge(bytes: number): void;
};

/** Until a server has begun. */
const SERVER_MS = 90_000;
/** A server that is to stop is asked for its files, and answers as before for so long; then it is its old self again, so that the next can come. */
const STOP_MS = 10_000;
/** A browser's owner leaves then: after so much, or so long. */
const READ = { bytes: 16 << 20, ms: 5_000 };
export const OUTLIVED = 'left alone';

const hasEnded = (server: Server | undefined) => !server || server.state === 'stopped' || server.state === 'failed';

/** A learner whose servers are taken over, one after the other, each in another way. Their browser does as others' do. */
export async function beStranger(learner: Learner, options: Options): Promise<void> {
  while (!options.isOver()) {
    await oneServer(learner, options);
    await pause(1_000);
  }
}

async function oneServer(learner: Learner, { door, watched, stateDir, nextKind, turnMs, isOver, note, acknowledge }: Options): Promise<void> {
  const { hub, keys } = watched;
  const page = makePage(door, learner, PATIENCE_MS);
  await page.open();
  const placed = page.workspace && (await inTheWay(hub.serverStore, privateRunDir(stateDir), page.workspace.id, isOver));
  if (!placed) return;
  const { ref, relay, folder } = placed;
  const now = () => hub.serverStore.find(ref);
  try {
    const deadline = performance.now() + SERVER_MS;
    while (!(await page.enter())) {
      if (isOver() || performance.now() > deadline || hasEnded(await now())) return;
      await pause(500);
    }
    const kind = nextKind();
    const began = performance.now();
    const kill = () => {
      const pid = serverPid(folder);
      if (pid) process.kill(pid, 'SIGKILL');
    };
    relay.turn(hostile(kind, { ref, secrets: serverSecrets(keys[0]!.server, ref), real: relay.real, kill }));
    let server = await now();
    const isDone = () => isOver() || performance.now() - began > turnMs;
    const browsing = browse(door, page, () => isDone() || hasEnded(server) || server?.state === 'stopping', acknowledge);
    while (!isDone() && !hasEnded(server)) {
      await pause(250);
      server = await now();
    }
    await browsing;
    server = await now();
    const ending = server && 'reason' in server ? server.reason : server?.why;
    if (ending || !isOver()) note({ kind, ended: ending ?? OUTLIVED, afterS: Math.round((performance.now() - began) / 1_000) });
  } finally {
    await page.post(`/api/servers/${ref.id}/stop`, {});
    await ended(now, STOP_MS);
    relay.back();
    await ended(now, SERVER_MS);
    relay.end();
  }
}

async function ended(now: () => Promise<Server | undefined>, withinMs: number): Promise<void> {
  for (const deadline = performance.now() + withinMs; !hasEnded(await now()) && performance.now() < deadline; ) await pause(250);
}

type Placed = { ref: Server['ref']; relay: Relay; folder: NonNullable<ReturnType<typeof findFolder>> };

/** As soon as the server that begins for this workspace listens. */
async function inTheWay(store: DrillHub['hub']['serverStore'], runDir: string, workspace: WorkspaceId, isOver: () => boolean): Promise<Placed | undefined> {
  for (const deadline = performance.now() + SERVER_MS; performance.now() < deadline && !isOver(); await pause(20)) {
    const server = await store.of(workspace);
    if (hasEnded(server)) return undefined;
    const folder = findFolder(runDir, server!.ref);
    if (folder && existsSync(join(folder.path, 's'))) return { ref: server!.ref, relay: await placeRelay(folder.path), folder };
  }
  return undefined;
}

/** What makes the web program, the gateway and the controller ask the server. */
async function browse(door: Door, page: Page, isOver: () => boolean, acknowledge: (bytes: number) => void): Promise<void> {
  for (let n = 0; !isOver(); n += 1) {
    const entry = await page.enter();
    const channel = entry && (await openChannel(door, entry));
    let heard = 0;
    channel?.socket.on('message', (bytes: Buffer) => (heard += bytes.length) > READ.bytes && channel.socket.terminate());
    if (channel) void channel.run(n, READ.ms).catch(() => undefined);
    acknowledge(await page.save(`hostile = ${n}`));
    const { origin } = page.workspace!;
    await Promise.all(['/api/contents', '/api/kernels', '/lab'].map((path) => readSome(door, origin, path)));
    await pause(500);
    channel?.socket.terminate();
  }
}

/** A request on the notebook's origin, of which so much is read. */
function readSome(door: Door, origin: string, path: string): Promise<void> {
  return new Promise((resolve) => {
    const { host } = new URL(origin);
    const asking = request({ host: '127.0.0.1', port: door.port, path, headers: { host, origin }, signal: AbortSignal.timeout(READ.ms) }, (reply) => {
      let read = 0;
      reply.on('data', (bytes: Buffer) => (read += bytes.length) > READ.bytes && reply.destroy());
    });
    asking.on('error', () => undefined).on('close', resolve).end();
  });
}
