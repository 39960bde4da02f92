import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { readConfig } from '../lib/config/config.ts';
import { serverSecrets } from '../lib/core/servers/secrets.ts';
import type { ServerRef } from '../lib/core/servers/server.ts';

/** What must stand nowhere, and the name under which a finding tells of it. */
export type Secret = { what: string; value: string };
export type Text = { where: string; text: string };

/** The secrets of an installation itself: its root, its database's, and those of every server it ever had. */
export async function installationSecrets(stateDir: string, databaseUrl: string): Promise<Secret[]> {
  const { secrets } = readConfig({ LECTERN_STATE_DIR: stateDir });
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<ServerRef>('SELECT id, generation FROM server').finally(() => client.end());
  return [
    { what: 'root secret', value: readFileSync(join(stateDir, 'secret'), 'utf8').trim() },
    { what: 'key of sign-ins', value: secrets.keys[0]!.nextAuth },
    { what: 'password of the database', value: decodeURIComponent(new URL(databaseUrl).password) },
    ...rows.flatMap((ref) => Object.entries(serverSecrets(secrets.keys[0]!.server, ref)).map(([name, value]) => ({ what: `${name} of a server`, value }))),
  ];
}

/** Every log of the state folder: the programs', and the database's own. */
export function logsOf(stateDir: string): Text[] {
  const folder = join(stateDir, 'logs');
  const files = [...readdirSync(folder).map((name) => join(folder, name)), join(stateDir, 'postgres/log')];
  return files.filter((file) => existsSync(file)).map((file) => ({ where: file.slice(stateDir.length + 1), text: readFileSync(file, 'utf8') }));
}

/** What looks like a secret of whoever it may be. */
const shapes: [what: string, shape: RegExp][] = [
  ['a signed or encrypted token', /\beyJ[\w-]{10,}\.[\w-]*\./],
  ['a cookie', /__Host-lectern[\w.-]*=[^;\s"]{8}/],
  ['a token of a server', /\btoken [\w-]{43}\b/],
  ['a one-time link', /[?&]token=[\w%-]{16}/],
  ['a connection string', /\bpostgres(ql)?:\/\/[^\s"@]+:[^\s"@]+@/],
  ['a password hash', /\$argon2id\$/],
];

/** Where which secret stands. Values are not told: a finding is printed. */
export function findings(texts: Text[], secrets: Secret[]): string[] {
  const distinct = new Map(secrets.filter(({ value }) => value.length >= 8).map(({ what, value }) => [value, what]));
  const found = texts.flatMap(({ where, text }) => [
    ...[...distinct].filter(([value]) => text.includes(value) || text.includes(encodeURIComponent(value))).map(([, what]) => `${where}: ${what}`),
    ...shapes.filter(([, shape]) => shape.test(text)).map(([what]) => `${where}: ${what}`),
  ]);
  return [...new Set(found)];
}
