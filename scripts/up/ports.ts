import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { Obstacle } from '../progress.mjs';

/** Whether a server could listen there now; else the error's code. */
export async function tryPort(port: number, host: string): Promise<'free' | string> {
  const server = createServer();
  try {
    const listening = once(server, 'listening');
    server.listen(port, host);
    await listening;
    return 'free';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'error';
  } finally {
    await new Promise((done) => server.close(done));
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

/** @throws Obstacle naming the setting and the mend when the front door's port is not to be had */
export async function requireFrontPort(port: number, host: string): Promise<void> {
  const found = await tryPort(port, host);
  if (found === 'free') return;
  if (found === 'EADDRINUSE') throw new Obstacle(`Port ${port} is taken${listenerOf(port)}. Stop that program, or choose another port: PORT=${port + 100} npm run up`);
  if (found === 'EACCES') throw new Obstacle(`Port ${port} needs rights this user does not have. Choose one above 1023: PORT=3000 npm run up`);
  if (found === 'EADDRNOTAVAIL') throw new Obstacle(`HOST=${host} is not an address of this machine. Use 127.0.0.1, or 0.0.0.0 for every address.`);
  throw new Obstacle(`Port ${port} on ${host} cannot be used (${found}). Choose another with PORT or HOST.`);
}

/** ` by <program> (process <pid>)` where this user may know it. */
function listenerOf(port: number): string {
  try {
    const hex = port.toString(16).toUpperCase().padStart(4, '0');
    const rows = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(1));
    const inode = rows.map((row) => row.trim().split(/\s+/)).find((row) => row[1]?.endsWith(`:${hex}`) && row[3] === '0A')?.[9];
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      if (holds(pid, `socket:[${inode}]`)) return ` by ${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (process ${pid})`;
    }
  } catch {
    // Not Linux, or not ours to see.
  }
  return '';
}

function holds(pid: string, socket: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === socket);
  } catch {
    return false;
  }
}
