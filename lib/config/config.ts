import { hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { podFields, type FurtherProfile } from './profiles.ts';
import { Settings } from './schema.ts';

const MB = 1024 * 1024;

export type Provider = { id: string; secret: string };

/** Everything but secrets, typed and complete. Sizes in bytes, times in milliseconds. */
export type Config = ReturnType<typeof toConfig>;

export type Secrets = {
  databaseUrl: string;
  databaseDirectUrl: string;
  mailUrl?: string;
  providers: { github?: Provider & { url: string }; google?: Provider; auth0?: Provider & { issuer: string }; oidc?: Provider & { issuer: string; name: string } };
  /** Newest first; `kid` names the root they come from. Each purpose has a key of its own. */
  keys: { kid: string; nextAuth: string; grant: Uint8Array; server: Uint8Array }[];
};

/** A setting that is missing, malformed or contradicts another. The message names it and the mend, and holds no value of a secret. */
export class SettingError extends Error {
  override name = 'SettingError';
}

/**
 * Parses the environment once, at the start of each program. Empty variables count as unset.
 * @throws SettingError naming every bad setting
 */
export function readConfig(env: Record<string, string | undefined>): { config: Config; secrets: Secrets } {
  const parsed = Settings.safeParse(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')));
  if (!parsed.success) {
    throw new SettingError(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
  }
  const settings = parsed.data;
  const config = toConfig(settings);
  refuseUnsafe(config, settings);
  return { config, secrets: toSecrets(settings, config) };
}

function toConfig(s: Settings) {
  const site = new URL(s.LECTERN_SITE_URL ?? `http://lectern.localhost:${s.PORT}`);
  const stateDir = resolve(s.LECTERN_STATE_DIR);
  return {
    port: s.PORT,
    host: s.HOST,
    webPort: s.LECTERN_WEB_PORT ?? s.PORT + 1,
    /** Where the gateway finds the web program. */
    web: new URL(s.LECTERN_WEB_URL ?? `http://127.0.0.1:${s.LECTERN_WEB_PORT ?? s.PORT + 1}`),
    healthPort: s.LECTERN_HEALTH_PORT,
    site,
    /** Host without a port: every workspace's origin is `<key>.<notebookDomain>` with the site's scheme and port. */
    notebookDomain: s.LECTERN_NOTEBOOK_DOMAIN ?? `nb.${site.hostname}`,
    tls: s.LECTERN_TLS_CERT && s.LECTERN_TLS_KEY ? { certFile: s.LECTERN_TLS_CERT, keyFile: s.LECTERN_TLS_KEY } : undefined,
    trustedProxies: s.LECTERN_TRUSTED_PROXIES,
    stateDir,
    logLevel: s.LECTERN_LOG_LEVEL,
    signUp: s.LECTERN_SIGN_UP,
    mail: { from: s.LECTERN_MAIL_FROM, folder: join(stateDir, 'mail') },
    spawner: s.LECTERN_SPAWNER,
    local: { python: s.LECTERN_PYTHON, pythonDir: join(resolve(s.LECTERN_CACHE_DIR ?? stateDir), 'python'), network: s.LECTERN_LOCAL_NETWORK },
    kubernetes: {
      namespaces: s.LECTERN_KUBERNETES_NAMESPACES,
      kubeconfig: s.LECTERN_KUBERNETES_CONFIG,
      apiServer: `https://${s.KUBERNETES_SERVICE_HOST?.includes(':') ? `[${s.KUBERNETES_SERVICE_HOST}]` : (s.KUBERNETES_SERVICE_HOST ?? 'kubernetes.default.svc')}:${s.KUBERNETES_SERVICE_PORT}`,
      /** By profile. */
      pods: toPods(s),
    },
    startsAtOnce: s.LECTERN_STARTS_AT_ONCE ?? (s.LECTERN_SPAWNER === 'kubernetes' ? 1000 : undefined),
    /** Where servers have no sandbox: not for people who need not trust each other, unless the operator says so. */
    onePersonUnsandboxed: !s.LECTERN_ALLOW_UNSANDBOXED && !(isLoopback(s.HOST) && isLoopback(site.hostname)),
    maxServers: s.LECTERN_MAX_SERVERS,
    serversPerUser: s.LECTERN_SERVERS_PER_USER,
    volumeBytes: s.LECTERN_DATABASE_VOLUME_MB === undefined ? undefined : s.LECTERN_DATABASE_VOLUME_MB * MB,
    workspaceBytes: s.LECTERN_WORKSPACE_MB * MB,
    idleWarningMs: s.LECTERN_IDLE_WARNING_S * 1000,
    busyMs: s.LECTERN_BUSY_S * 1000,
    profiles: toProfiles(s),
  };
}

/** The default, and what LECTERN_PROFILES has besides, complete. */
function toProfiles(s: Settings) {
  const { default: told, further } = s.LECTERN_PROFILES;
  const usual = {
    name: 'default',
    title: told.title ?? 'Standard',
    description: told.description,
    timetable: told.timetable,
    cpus: s.LECTERN_SERVER_CPUS,
    memoryBytes: s.LECTERN_SERVER_MEMORY_MB * MB,
    diskBytes: s.LECTERN_SERVER_DISK_MB * MB,
    processes: s.LECTERN_SERVER_PROCESSES,
    lifetimeMs: s.LECTERN_LIFETIME_S * 1000,
    idleMs: s.LECTERN_IDLE_S * 1000,
    poolFloor: s.LECTERN_POOL_FLOOR,
    startDeadlineMs: s.LECTERN_START_DEADLINE_S * 1000,
    mayUse: 'everyone' as const,
  };
  const more = [...further].map(
    ([name, of]) => ({
      name,
      title: of.title ?? name,
      description: of.description,
      timetable: of.timetable,
      cpus: of.cpus ?? usual.cpus,
      memoryBytes: bytes(of.memoryMb) ?? usual.memoryBytes,
      diskBytes: bytes(of.diskMb) ?? usual.diskBytes,
      processes: of.processes ?? usual.processes,
      lifetimeMs: milliseconds(of.lifetimeS) ?? usual.lifetimeMs,
      idleMs: milliseconds(of.idleS) ?? usual.idleMs,
      poolFloor: of.poolFloor,
      startDeadlineMs: milliseconds(of.startDeadlineS) ?? usual.startDeadlineMs,
      mayUse: of.mayUse,
    }),
  );
  return [usual, ...more] as const;
}

function toPods(s: Settings) {
  const usual = {
    image: s.LECTERN_KUBERNETES_IMAGE ?? '',
    pullPolicy: s.LECTERN_KUBERNETES_PULL_POLICY,
    pullSecret: s.LECTERN_KUBERNETES_PULL_SECRET,
    requests: { cpus: s.LECTERN_KUBERNETES_REQUEST_CPUS, memoryBytes: s.LECTERN_KUBERNETES_REQUEST_MEMORY_MB * MB, diskBytes: s.LECTERN_KUBERNETES_REQUEST_DISK_MB * MB },
    nodeSelector: s.LECTERN_KUBERNETES_NODE_SELECTOR,
    tolerations: s.LECTERN_KUBERNETES_TOLERATIONS,
    runtimeClass: s.LECTERN_KUBERNETES_RUNTIME_CLASS,
    priorityClass: s.LECTERN_KUBERNETES_PRIORITY_CLASS,
    gpus: s.LECTERN_KUBERNETES_GPUS,
  };
  const of = ({ image, requests, gpus, nodeSelector, tolerations, runtimeClass, priorityClass }: FurtherProfile): typeof usual => ({
    ...usual,
    image: image ?? usual.image,
    requests: {
      cpus: requests?.cpus ?? usual.requests.cpus,
      memoryBytes: bytes(requests?.memoryMb) ?? usual.requests.memoryBytes,
      diskBytes: bytes(requests?.diskMb) ?? usual.requests.diskBytes,
    },
    nodeSelector: nodeSelector ?? usual.nodeSelector,
    tolerations: tolerations ?? usual.tolerations,
    runtimeClass: orNone(runtimeClass, usual.runtimeClass),
    priorityClass: orNone(priorityClass, usual.priorityClass),
    gpus: orNone(gpus, usual.gpus),
  });
  return { default: usual, further: new Map([...s.LECTERN_PROFILES.further].map(([name, profile]) => [name, of(profile)])) };
}

const bytes = (megabytes: number | undefined) => (megabytes === undefined ? undefined : megabytes * MB);
const milliseconds = (seconds: number | undefined) => (seconds === undefined ? undefined : seconds * 1000);
/** Null is a wish for none, where the default has one. */
const orNone = <T>(given: T | null | undefined, usual: T | undefined): T | undefined => (given === null ? undefined : (given ?? usual));

const isLoopback = (host: string) => host === 'localhost' || host.endsWith('.localhost') || host === '::1' || host.startsWith('127.');

function refuseUnsafe(config: Config, s: Settings) {
  if (config.site.protocol !== 'https:' && !isLoopback(config.site.hostname)) {
    throw new SettingError('LECTERN_SITE_URL: plain http on an address other people can reach. Use https (LECTERN_TLS_CERT and LECTERN_TLS_KEY, or a proxy in front).');
  }
  if (Boolean(s.LECTERN_TLS_CERT) !== Boolean(s.LECTERN_TLS_KEY)) throw new SettingError('LECTERN_TLS_CERT and LECTERN_TLS_KEY go together.');
  if (config.spawner === 'kubernetes' && !config.kubernetes.pods.default.image) throw new SettingError('LECTERN_KUBERNETES_IMAGE: LECTERN_SPAWNER=kubernetes needs it.');
  if (config.spawner === 'local') {
    const vain = [...s.LECTERN_PROFILES.further].flatMap(([name, profile]) => podFields.filter((field) => profile[field] !== undefined && profile[field] !== null).map((field) => `${name}.${field}`));
    if (vain.length > 0) throw new SettingError(`LECTERN_PROFILES: ${vain.join(', ')}: servers of one machine cannot have that; LECTERN_SPAWNER=kubernetes can.`);
  }
  const parent = config.site.hostname.split('.').slice(-2).join('.');
  if (config.notebookDomain !== parent && !config.notebookDomain.endsWith(`.${parent}`)) {
    throw new SettingError(`LECTERN_NOTEBOOK_DOMAIN: ${config.notebookDomain} is not the same site as ${config.site.hostname}; browsers would deny notebooks their storage. Put both below one registrable domain.`);
  }
  if (config.notebookDomain === config.site.hostname) throw new SettingError('LECTERN_NOTEBOOK_DOMAIN: must differ from the site’s own host.');
}

function toSecrets(s: Settings, config: Config): Secrets {
  const root = s.LECTERN_SECRET ?? readOr(join(config.stateDir, 'secret'));
  const databaseUrl = s.DATABASE_URL ?? readOr(join(config.stateDir, 'database-url'));
  if (!root) throw new SettingError('LECTERN_SECRET: not set, and `npm run up` has made none.');
  if (!databaseUrl) throw new SettingError('DATABASE_URL: not set, and `npm run up` has started no embedded PostgreSQL.');
  const pair = (id?: string, secret?: string) => (id && secret ? { id, secret } : undefined);
  const [github, google, auth0, oidc] = [
    pair(s.GITHUB_ID, s.GITHUB_SECRET),
    pair(s.GOOGLE_CLIENT_ID, s.GOOGLE_CLIENT_SECRET),
    pair(s.AUTH0_CLIENT_ID, s.AUTH0_CLIENT_SECRET),
    pair(s.OIDC_CLIENT_ID, s.OIDC_CLIENT_SECRET),
  ];
  return {
    databaseUrl,
    databaseDirectUrl: s.DATABASE_DIRECT_URL ?? databaseUrl,
    mailUrl: s.LECTERN_MAIL_URL,
    providers: {
      github: github && { ...github, url: s.LECTERN_GITHUB_URL },
      google,
      auth0: auth0 && s.AUTH0_ISSUER ? { ...auth0, issuer: s.AUTH0_ISSUER } : undefined,
      oidc: oidc && s.OIDC_ISSUER ? { ...oidc, issuer: s.OIDC_ISSUER, name: s.OIDC_NAME } : undefined,
    },
    keys: [root, s.LECTERN_SECRET_PREVIOUS].filter((secret) => secret !== undefined).map(deriveKeys),
  };
}

/** HKDF-SHA256 (RFC 5869) with the purpose as `info`: no key can be worked out from another, or stand in for it. */
function deriveKeys(root: string): Secrets['keys'][number] {
  const derive = (purpose: string, bytes = 32) => new Uint8Array(hkdfSync('sha256', root, 'lectern', purpose, bytes));
  return {
    kid: Buffer.from(derive('kid', 6)).toString('base64url'),
    nextAuth: Buffer.from(derive('next-auth')).toString('base64url'),
    grant: derive('grant'),
    server: derive('server'),
  };
}

function readOr(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
