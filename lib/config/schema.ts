import { z } from 'zod';
import { gpuCount, toleration } from './pods.ts';
import { profiles } from './profiles.ts';

const flag = z.enum(['0', '1']).default('0').transform((value) => value === '1');
const whole = z.coerce.number().int().positive();
const optional = z.string().min(1).optional();
const isRange = (range: string) => (range.includes('/') ? z.union([z.cidrv4(), z.cidrv6()]) : z.union([z.ipv4(), z.ipv6()])).safeParse(range).success;
const ranges = z
  .string()
  .default('')
  .transform((list) => list.split(/[\s,]+/).filter(Boolean))
  .refine((list) => list.every(isRange), 'addresses or ranges such as 10.0.0.0/8, with commas between');

const words = (text: string) => text.split(/[\s,]+/).filter(Boolean);
/** `key=value` with commas between. */
const pairs = z
  .string()
  .default('')
  .refine((text) => words(text).every((word) => /^[^=]+=[^=]*$/.test(word)), 'key=value, with commas between')
  .transform((text) => Object.fromEntries(words(text).map((word) => word.split('=') as [string, string])));
const tolerations = z
  .string()
  .default('[]')
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: 'custom', message: 'a JSON list, as in a pod' });
      return z.NEVER;
    }
  })
  .pipe(z.array(toleration));

/**
 * Every setting, its default and what it means. `.env.example` and the README's table are generated from this
 * (`npm run docs`), so the description is written for an operator.
 */
export const Settings = z.object({
  PORT: z.coerce.number().int().min(1).max(65535).default(3000).describe('Port of the front door.'),
  HOST: z.string().default('127.0.0.1').describe('Address the front door listens on. Anything but loopback needs TLS, here or in front.'),
  LECTERN_WEB_PORT: z.coerce.number().int().min(1).max(65535).optional().describe('Loopback port of the web program behind the front door. Default: PORT + 1.'),
  LECTERN_WEB_URL: z.url().optional().describe('Where the gateway finds the web program when it runs elsewhere, http://web:3000. Default: the loopback port.'),
  LECTERN_HEALTH_PORT: z.coerce.number().int().min(1).max(65535).optional().describe('Port on which the controller answers /healthz and /readyz; the gateway and the web program do on their own ports. Default: none.'),
  LECTERN_SITE_URL: z.url().optional().describe('Address of the site as people see it. Default: http://lectern.localhost:<PORT>.'),
  LECTERN_NOTEBOOK_DOMAIN: optional.describe('Domain below which every workspace has its origin. Default: nb.<host of the site>.'),
  LECTERN_TLS_CERT: optional.describe('File with the certificate chain (PEM), for the site and the wildcard notebook domain, when the front door itself speaks TLS.'),
  LECTERN_TLS_KEY: optional.describe('File with the private key (PEM) of that certificate.'),
  LECTERN_TRUSTED_PROXIES: ranges.describe('Proxies in front of the front door, as addresses or ranges (10.0.0.0/8) with commas between. Only they are believed about whom a request comes from, which sign-in is throttled by.'),
  LECTERN_STATE_DIR: z.string().default('.lectern').describe('Folder for the embedded database, the Python environment, mail without a server, logs and reports.'),
  LECTERN_CACHE_DIR: optional.describe('Folder that several clones may share for Node and the Python environment. Default: the state folder.'),
  DATABASE_URL: optional.describe('PostgreSQL 15 or newer. Default: an embedded one below the state folder.'),
  LECTERN_DATABASE_VOLUME_MB: whole.optional().describe('Size of the volume that a database elsewhere lies on, in MB: large writes are refused while less than a tenth of it (2 GB at the most) is free, and admins are told. Of a database on this machine it is seen. Default: not known.'),
  DATABASE_DIRECT_URL: optional.describe('The same database without a pooler in between; needed for LISTEN and session locks when DATABASE_URL is a pooler.'),
  LECTERN_SECRET: z.string().min(32).optional().describe('Root of every key, 32 characters or more. `npm run up` makes one in the state folder.'),
  LECTERN_SECRET_PREVIOUS: z.string().min(32).optional().describe('The root before it was changed: what it signed stays valid until it expires.'),
  LECTERN_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info').describe('Least severe level that is logged.'),

  LECTERN_SIGN_UP: z.enum(['open', 'invited', 'closed']).default('open').describe('Who may make an account: anyone, people whose e-mail address an admin has invited (/admin/people), nobody.'),
  LECTERN_MAIL_URL: optional.describe('Mail server, smtp://user:password@host:587. Without it each mail becomes a file below the state folder.'),
  LECTERN_MAIL_FROM: z.string().default('Lectern <lectern@localhost>').describe('Sender of mail.'),
  GITHUB_ID: optional.describe('Sign-in with GitHub: client id.'),
  GITHUB_SECRET: optional.describe('Sign-in with GitHub: client secret.'),
  LECTERN_GITHUB_URL: z.url().default('https://github.com').describe('GitHub, or a GitHub Enterprise server.'),
  GOOGLE_CLIENT_ID: optional.describe('Sign-in with Google: client id. Google needs a site on a real domain.'),
  GOOGLE_CLIENT_SECRET: optional.describe('Sign-in with Google: client secret.'),
  AUTH0_CLIENT_ID: optional.describe('Sign-in with Auth0: client id.'),
  AUTH0_CLIENT_SECRET: optional.describe('Sign-in with Auth0: client secret.'),
  AUTH0_ISSUER: z.url().optional().describe('Sign-in with Auth0: issuer, https://<tenant>.auth0.com.'),
  OIDC_ISSUER: z.url().optional().describe('Sign-in with any OpenID Connect issuer: its address.'),
  OIDC_CLIENT_ID: optional.describe('Sign-in with that issuer: client id.'),
  OIDC_CLIENT_SECRET: optional.describe('Sign-in with that issuer: client secret.'),
  OIDC_NAME: z.string().default('Single sign-on').describe('Sign-in with that issuer: the text on the button.'),

  LECTERN_SPAWNER: z.enum(['local', 'kubernetes', 'memory']).default('local').describe('Where servers run: in sandboxes on this machine, as pods of a cluster, or scripted in memory (tests).'),
  LECTERN_PYTHON: z.string().default('python3').describe('Python 3.10 or newer from which the notebook environment is made.'),
  LECTERN_LOCAL_NETWORK: flag.describe('1: notebook code on this machine may use the network, the loopback ports of the machine included.'),
  LECTERN_ALLOW_UNSANDBOXED: flag.describe('1: serve several people though no sandbox is to be had. Their code can then read each other’s files and this site’s.'),
  LECTERN_KUBERNETES_NAMESPACES: z.string().default('lectern-learners').transform(words).pipe(z.array(z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)).min(1)).describe('Namespaces servers are made in, with commas between; one for each 3,000 servers. Take one out only when it has none of them left.'),
  LECTERN_KUBERNETES_IMAGE: optional.describe('Image of a server: the notebook environment.'),
  LECTERN_KUBERNETES_PULL_POLICY: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent').describe('When a node fetches that image.'),
  LECTERN_KUBERNETES_PULL_SECRET: optional.describe('Secret in those namespaces with which it is fetched.'),
  LECTERN_KUBERNETES_CONFIG: optional.describe('kubeconfig with which the cluster is reached. Default: the service account of the pod Lectern runs in.'),
  LECTERN_KUBERNETES_REQUEST_CPUS: z.coerce.number().positive().default(0.1).describe('CPUs the scheduler keeps free for each server; LECTERN_SERVER_CPUS is the most it may take.'),
  LECTERN_KUBERNETES_REQUEST_MEMORY_MB: whole.default(256).describe('Memory the scheduler keeps free for each server.'),
  LECTERN_KUBERNETES_REQUEST_DISK_MB: whole.default(100).describe('Disk the scheduler keeps free for each server.'),
  LECTERN_KUBERNETES_NODE_SELECTOR: pairs.describe('Labels of the nodes servers run on, such as pool=learners, with commas between.'),
  LECTERN_KUBERNETES_TOLERATIONS: tolerations.describe('Taints servers tolerate, as in a pod: a JSON list.'),
  LECTERN_KUBERNETES_RUNTIME_CLASS: optional.describe('Runtime class of servers, such as gvisor.'),
  LECTERN_KUBERNETES_PRIORITY_CLASS: optional.describe('Priority class of servers.'),
  LECTERN_KUBERNETES_GPUS: gpuCount.optional().describe('GPUs of each server, such as nvidia.com/gpu=1.'),
  KUBERNETES_SERVICE_HOST: optional.describe('Set by Kubernetes in each pod: the address of its API server.'),
  KUBERNETES_SERVICE_PORT: z.coerce.number().int().default(443).describe('Set by Kubernetes in each pod: the port of its API server.'),
  LECTERN_STARTS_AT_ONCE: whole.optional().describe('Servers started at once. Default: one for each CPU of this machine and two at least; with Kubernetes, which has a queue of its own, 1000.'),
  LECTERN_PROFILES: profiles.describe('More kinds of servers that courses may choose, as JSON or a file with it: guides/operator.md, “Profiles”.'),
  LECTERN_POOL_FLOOR: z.coerce.number().int().min(0).default(1).describe('Warm servers kept ready at the least.'),
  LECTERN_MAX_SERVERS: whole.default(40).describe('Servers at once, warm ones included; more requests wait in the queue.'),
  LECTERN_SERVERS_PER_USER: whole.default(2).describe('Live servers one person may have at once.'),
  LECTERN_SERVER_CPUS: z.coerce.number().positive().default(1).describe('CPUs of one server.'),
  LECTERN_SERVER_MEMORY_MB: whole.default(1024).describe('Memory of one whole server, kernels included.'),
  LECTERN_SERVER_DISK_MB: whole.default(500).describe('Size of a server’s home.'),
  LECTERN_SERVER_PROCESSES: whole.default(250).describe('Processes and threads one server may have. Each kernel has twelve.'),
  LECTERN_WORKSPACE_MB: whole.default(500).describe('Bytes one learner may keep per course, in MB. Earlier versions lie beside them, up to four times that together.'),
  LECTERN_IDLE_S: whole.default(1800).describe('Seconds without a person or a running cell after which a server is stopped.'),
  LECTERN_IDLE_WARNING_S: whole.default(120).describe('Seconds before that at which the page warns and offers to keep the server.'),
  LECTERN_BUSY_S: whole.default(6 * 3600).describe('Seconds a running cell keeps a server alive without a person.'),
  LECTERN_LIFETIME_S: whole.default(12 * 3600).describe('Seconds after which a server is stopped in any case.'),
  LECTERN_START_DEADLINE_S: whole.default(180).describe('Seconds a start may take before it has failed.'),
});

export type Settings = z.output<typeof Settings>;
