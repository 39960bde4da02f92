import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { createDatabase, startEmbeddedPostgres } from '../../scripts/postgres.ts';
import { explained, GATEWAY, kubectl, LEARNERS, LIMIT, NODE, onThisCluster, PROGRAMS, writeOverlay } from './cluster.ts';
import { blockOf, follow } from './guide.ts';

const SITE = 'https://lectern.localhost';
const SERVERS = ['pod', '-l', 'app.kubernetes.io/component=server'];

function splice(inward: Socket, outward: Socket): void {
  for (const [from, to] of [[inward, outward], [outward, inward]] as const) {
    from.pipe(to);
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
  }
}

async function listening(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** What stands for the Ingress: TLS ends here, and everything goes to the gateway's Service. */
async function startIngress(folder: string): Promise<Server> {
  const [key, cert] = [join(folder, 'tls.key'), join(folder, 'tls.crt')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-keyout', key, '-out', cert, '-subj', '/CN=lectern.localhost', '-addext', 'subjectAltName=DNS:lectern.localhost,DNS:*.nb.lectern.localhost'], { stdio: 'ignore' });
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (inward) => splice(inward, connect(80, GATEWAY)));
  await listening(server, 443, '127.0.0.1');
  return server;
}

/** The site as the two commands of the operator's guide deploy it, in the cluster this runs in, with the demonstration course and a warm server. */
export default async function globalSetup() {
  if (process.env.E2E_SITE) return;
  const folder = mkdtempSync(join(tmpdir(), 'lectern-deployment-'));
  const postgres = await startEmbeddedPostgres(folder, { settings: ['fsync=off'] });
  await createDatabase(postgres.url('lectern'));
  // PostgreSQL listens on loopback; pods find it at the node's address.
  const inside = new URL(postgres.url('lectern'));
  const way = createServer((inward) => splice(inward, connect(Number(inside.port), inside.hostname)));
  const outside = new URL(inside);
  outside.host = `${NODE}:${await listening(way, 0, NODE)}`;

  const [overlay, secrets] = [join(folder, 'own-site'), join(folder, 'secrets.env')];
  writeOverlay(overlay, onThisCluster('test'));
  const deploy = (part: string, here: [string, string][]) => follow(blockOf('Deploy: two commands', part), here);
  await deploy('cat > secrets.env', [
    ['secrets.env', secrets],
    ['postgresql://lectern:<password>@<address>:5432/lectern?sslmode=require', outside.href],
    ['LECTERN_MAIL_URL=smtp://user:<password>@smtp.example.org:587\n', ''],
  ]);
  await deploy('kubectl apply', [['k8s/examples/own-site', overlay], ['secrets.env', secrets]]);
  await explained(kubectl(['-n', 'lectern', 'rollout', 'status', ...PROGRAMS, LIMIT]));
  await explained(kubectl(['-n', 'lectern', 'wait', '--for=condition=complete', 'job/migrate-to-test', LIMIT]));
  execFileSync(process.execPath, [resolve(import.meta.dirname, '../../scripts/up/first-data.ts')], {
    env: { ...process.env, DATABASE_URL: inside.href, LECTERN_SECRET: /^LECTERN_SECRET=(.+)$/m.exec(readFileSync(secrets, 'utf8'))![1], LECTERN_SITE_URL: SITE },
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  await explained(kubectl([...LEARNERS, 'wait', '--for=create', ...SERVERS, LIMIT]));
  await explained(kubectl([...LEARNERS, 'wait', '--for=condition=ready', ...SERVERS, LIMIT]));
  const ingress = await startIngress(folder);
  Object.assign(process.env, { E2E_SITE: SITE, E2E_DATABASE_URL: inside.href, E2E_OVERLAY: overlay, E2E_SECRETS: secrets });
  return async () => {
    ingress.close();
    way.close();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
