import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from '../scripts/up/ports.ts';

const root = resolve(import.meta.dirname, '..');
const READY_MS = 120_000;

/** A Service of Kubernetes, as far as it matters here: a connection goes to one of the ports that are in it at that moment. */
async function makeService() {
  const open = new Map<number, Set<Socket>>();
  const members: number[] = [];
  let next = 0;
  const server = createServer((inward) => {
    const to = members[next++ % members.length];
    if (to === undefined) return void inward.destroy();
    const outward = connect(to, '127.0.0.1');
    open.set(to, (open.get(to) ?? new Set()).add(inward));
    for (const [from, into] of [[inward, outward], [outward, inward]] as const) {
      from.pipe(into);
      from.on('error', () => into.destroy());
      from.on('close', () => {
        into.destroy();
        open.get(to)!.delete(inward);
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    add: (port: number) => void members.push(port),
    remove: (port: number) => void members.splice(members.indexOf(port), 1),
    connectionsOf: (port: number) => open.get(port)?.size ?? 0,
    close() {
      for (const sockets of open.values()) for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** A program from its environment alone. `end` is what a cluster does to it. */
async function startProgram(name: string, args: string[], env: Record<string, string>, isReady: () => Promise<boolean>) {
  const child: ChildProcess = spawn(args[0]!, args.slice(1), { cwd: root, env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  const deadline = Date.now() + READY_MS;
  while (!(await isReady())) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`${name} did not get ready:\n${output}`);
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  return {
    /** @returns its exit code; null when it did not end by itself in the grace a cluster gives it */
    async end(graceMs = 60_000): Promise<number | null> {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), graceMs);
      const [code] = await exited;
      clearTimeout(late);
      return code;
    },
  };
}

type Program = Awaited<ReturnType<typeof startProgram>>;

const answers = (url: string, headers: Record<string, string> = {}) =>
  new Promise<boolean>((done) => {
    const get = url.startsWith('https') ? httpsGet : httpGet;
    const request = get(url, { headers, agent: false, rejectUnauthorized: false, timeout: 5_000, lookup: (_host, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]) }, (response) => {
      response.resume();
      done(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => done(false));
  });

/**
 * Two web programs behind a Service and two gateways behind Caddy with TLS, each from its environment alone, over the database and
 * the controller of the stack under test. Nothing sends a browser to the same one twice.
 */
export async function startReplicas() {
  const folder = mkdtempSync(join(tmpdir(), 'lectern-replicas-'));
  const [frontPort, plainPort, ...ports] = await Promise.all([freePort(), freePort(), freePort(), freePort(), freePort(), freePort()]);
  const site = `https://lectern.localhost:${frontPort}`;
  const webs = await makeService();
  const settings = {
    LECTERN_SITE_URL: site,
    DATABASE_URL: process.env.E2E_DATABASE_URL!,
    LECTERN_SECRET: readFileSync(join(process.env.E2E_STATE_DIR!, 'secret'), 'utf8').trim(),
    LECTERN_STATE_DIR: join(folder, 'state'),
    LECTERN_TRUSTED_PROXIES: '127.0.0.1',
    LECTERN_WEB_URL: `http://127.0.0.1:${webs.port}`,
  };
  const startWeb = async (port: number) => {
    const web = await startProgram('web', [process.execPath, 'node_modules/next/dist/bin/next', 'start', '-H', '127.0.0.1', '-p', String(port)], settings, () => answers(`http://127.0.0.1:${port}/readyz`));
    webs.add(port);
    return web;
  };
  const startGateway = (port: number) => startProgram('gateway', [process.execPath, 'lib/gateway/main.ts'], { ...settings, PORT: String(port) }, () => answers(`http://127.0.0.1:${port}/readyz`, { host: 'probe' }));

  writeFileSync(join(folder, 'Caddyfile'), `{\n\tadmin off\n\thttp_port ${plainPort}\n\thttps_port ${frontPort}\n\tskip_install_trust\n}\nimport ${join(root, 'scripts/systemd/Caddyfile')}\n`);
  const running = new Map<number, Program>();
  const [webPorts, gatewayPorts] = [ports.slice(0, 2), ports.slice(2)];
  for (const port of webPorts) running.set(port, await startWeb(port));
  for (const port of gatewayPorts) running.set(port, await startGateway(port));
  const names = { LECTERN_SITE_HOST: 'lectern.localhost', LECTERN_NOTEBOOK_DOMAIN: 'nb.lectern.localhost', LECTERN_CERTIFICATE: 'internal', LECTERN_UPSTREAMS: gatewayPorts.map((port) => `127.0.0.1:${port}`).join(' ') };
  const caddy = await startProgram('caddy', ['caddy', 'run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'], { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder, ...names }, () => answers(`${site}/readyz`));

  return {
    site,
    gatewayPorts,
    webPorts,
    connectionsTo: (webPort: number) => webs.connectionsOf(webPort),
    /** From now on no new connection reaches that web program: it is out of the Service's endpoints. */
    takeOut: (webPort: number) => webs.remove(webPort),
    /** Ends a program as a cluster does and starts its successor. @returns the exit code */
    async replace(port: number): Promise<number | null> {
      const code = await running.get(port)!.end();
      running.set(port, await (gatewayPorts.includes(port) ? startGateway(port) : startWeb(port)));
      return code;
    },
    async end() {
      await caddy.end();
      await Promise.all([...running.values()].map((program) => program.end()));
      webs.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type Replicas = Awaited<ReturnType<typeof startReplicas>>;
