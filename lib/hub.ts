import { hostname } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { makeArrivals } from './adapters/disk/arrivals.ts';
import { makeGatewayRows } from './adapters/postgres/access.ts';
import { makeAdminRows } from './adapters/postgres/admin.ts';
import { makeJupyter } from './adapters/jupyter/jupyter.ts';
import { makeBlobStore } from './adapters/postgres/blobs.ts';
import { makeBus } from './adapters/postgres/bus.ts';
import { makeCourseAuthoring } from './adapters/postgres/courses-authoring.ts';
import { makeCourseStore } from './adapters/postgres/courses.ts';
import { makeClient, makeDatabase, makePool } from './adapters/postgres/database.ts';
import { makeHealthProbe } from './adapters/postgres/health.ts';
import { makeHistory } from './adapters/postgres/history.ts';
import { makeLease } from './adapters/postgres/lease.ts';
import { makeOneTimeLinks } from './adapters/postgres/links.ts';
import type { Prisma } from './adapters/postgres/prisma.ts';
import { makeSessionStore } from './adapters/postgres/sessions.ts';
import { makeServerStore } from './adapters/postgres/servers.ts';
import { makeSpending } from './adapters/postgres/spending.ts';
import { makeThrottle } from './adapters/postgres/throttle.ts';
import { makeVolume } from './adapters/postgres/volume.ts';
import { makeLocks } from './adapters/postgres/locks.ts';
import { makeWorkspaceStore } from './adapters/postgres/workspaces.ts';
import { makeNotebookWork } from './adapters/workers/notebooks.ts';
import { makeRenderingWorkers } from './adapters/workers/rendering.ts';
import type { Config, Secrets } from './config/config.ts';
import { makeAdmin } from './core/admin/admin.ts';
import { makeTellAdmins } from './core/admin/tell-admins.ts';
import { makeLessonAccess } from './core/courses/access.ts';
import { makeDiskWatch, type Shortage } from './core/disk.ts';
import { makeCourseProfiles } from './core/servers/offer.ts';
import { makeSeldom } from './core/seldom.ts';
import { makeServers } from './core/servers/open.ts';
import { withCircuits, type CircuitLimits } from './core/servers/circuit.ts';
import type { Spawner } from './core/servers/spawner.ts';
import type { SessionStore } from './core/users/sessions.ts';
import { makeAdminLink } from './core/users/admin-link.ts';
import { makeInvitations } from './core/users/invitations.ts';
import { makeLetters } from './core/users/letters.ts';
import { makeMembership } from './core/users/membership.ts';
import { makeRecovery } from './core/users/recovery.ts';
import { makeSignIn } from './core/users/sign-in.ts';
import { makeSignUp } from './core/users/sign-up.ts';
import { makeBudget } from './core/workspaces/budget.ts';
import { makeFeed } from './core/workspaces/feed.ts';
import { makeFiles } from './core/workspaces/files.ts';
import { makeLabSave } from './core/workspaces/lab-save.ts';
import { makePutBack } from './core/workspaces/put-back.ts';
import { makeSnapshots } from './core/workspaces/snapshots.ts';

/** Node reads it from the tree, outside of Next's bundle; programs run in the tree's root. */
const RENDERING_WORKER = 'lib/adapters/workers/rendering.worker.ts';
const NOTEBOOKS_WORKER = 'lib/adapters/workers/notebooks.worker.ts';

/** Between two looks at the database's volume. */
const DISK_LOOK_MS = 60_000;

/** What goes wrong behind answers is logged so often at the most, each thing by itself. */
const TOLD_AGAIN_MS = 60_000;
const TOLD_THINGS = 500;

/** Nothing on the connection of the locks ever waits, so what is silent for longer is gone. */
const LOCKS_ANSWER_MS = 5_000;

/**
 * The one assembly point: every port of lib/core gets its adapter here, and nowhere else. Each program builds one hub at its
 * start and closes it at its end.
 *
 * @param circuits how soon a notebook server that hangs is let alone, and ended; of tests that wait for it
 */
export function makeHub(config: Config, secrets: Secrets, circuits?: CircuitLimits) {
  const log = pino({ level: config.logLevel, redact: redacted }, pino.destination({ dest: 1, sync: false }));
  const onError = (error: Error) => log.warn({ err: error }, 'database connection lost');
  const pool = makePool(secrets.databaseUrl, { onError });
  const database = makeDatabase(pool);
  const bus = makeBus(database, secrets.databaseDirectUrl, { onError });
  const serverStore = makeServerStore(database);
  const client = makeJupyter();
  const jupyter = withCircuits(client, (server, why) => {
    log.warn({ server: server.id, why }, 'a notebook server is to be ended');
    serverStore.wantStopped(server.id, why).catch(onError);
  }, circuits);
  const locks = makeLocks(() => makeClient(secrets.databaseDirectUrl, 'lectern locks', LOCKS_ANSWER_MS));
  const notebooks = makeNotebookWork(NOTEBOOKS_WORKER);
  const toTell: ((shortage: Shortage) => void)[] = [(shortage) => log.error(shortage, shortage.state === 'full' ? 'the disk is full: saves are refused' : 'short of disk: large writes are refused')];
  const disk = makeDiskWatch({ disk: makeVolume(database, { url: secrets.databaseUrl, volumeBytes: config.volumeBytes }), tell: (shortage) => toTell.forEach((tell) => tell(shortage)) });
  const blobs = makeBlobStore(database, disk.allow);
  const budget = makeBudget({ spending: makeSpending(database), limitBytes: config.workspaceBytes });
  const warned = new Set<string>();
  const onMissingProfile = (about: { profile: string }) => {
    if (!warned.has(about.profile)) log.warn(about, 'a course has chosen a profile that LECTERN_PROFILES does not have: its learners get the default');
    warned.add(about.profile);
  };
  const workspaces = makeWorkspaceStore({ db: database, locks, bus, limitBytes: config.workspaceBytes });
  return {
    config,
    secrets,
    log,
    pool,
    database,
    bus,
    serverStore,
    rows: makeGatewayRows(database.query),
    health: makeHealthProbe(pool, 'prisma/migrations'),
    servers: makeServers({ store: serverStore, bus, profiles: config.profiles, onMissingProfile, serversPerUser: config.serversPerUser, idleWarningMs: config.idleWarningMs, onePersonUnsandboxed: config.onePersonUnsandboxed }),
    courses: makeCourseStore(database),
    blobs,
    notebooks,
    budget,
    disk,
    /** Who else is told of a shortage of disk. */
    toTell,
    arrivals: makeArrivals(),
    workspaces,
    jupyter,
    putBack: makePutBack({ workspaces, blobs, jupyter }),
    labSave: makeLabSave({ workspaces, blobs, budget, jupyter, limitBytes: config.workspaceBytes, onError: (err, doing) => disk.isToBlame(err) || log.warn({ err, doing }, 'a write of JupyterLab was not stored') }),
    authoring: makeCourseAuthoring(database),
    async close() {
      await bus.close();
      await client.close();
      await notebooks.close();
      await Promise.all([pool.end(), locks.close()]);
    },
  };
}

export type Hub = ReturnType<typeof makeHub>;

/** The hub of the controller: the same, the lease, and the spawner, which nobody else speaks to. */
export async function makeControllerHub(config: Config, secrets: Secrets) {
  const hub = makeHub(config, secrets);
  const spawner = await assembleSpawner(config, hub.log);
  return {
    ...hub,
    spawner,
    snapshots: makeSnapshots({
      workspaces: hub.workspaces,
      blobs: hub.blobs,
      notebooks: hub.notebooks,
      budget: hub.budget,
      disk: hub.disk,
      jupyter: hub.jupyter,
      putBack: hub.putBack,
      limitBytes: config.workspaceBytes,
      now: () => new Date(),
      store: hub.serverStore,
      onUnkept: (facts) => hub.log.warn(facts, 'files on a server could not be kept'),
    }),
    history: makeHistory(hub.database),
    lease: makeLease(hub.database, { holder: `${hostname()} ${process.pid}` }),
    async close() {
      await spawner.close?.();
      await hub.close();
    },
  };
}

export type ControllerHub = Awaited<ReturnType<typeof makeControllerHub>>;

async function assembleSpawner({ spawner, local, kubernetes, stateDir }: Config, log: Hub['log']): Promise<Spawner & { close?(): void | Promise<void> }> {
  if (spawner === 'memory') return (await import('./adapters/memory/spawner.ts')).makeMemorySpawner();
  if (spawner === 'kubernetes') return assemblePods(kubernetes, log);
  const [{ makeLocalSpawner }, { privateRunDir }] = await Promise.all([import('./adapters/local/spawner.ts'), import('./adapters/local/run-dir.ts')]);
  const made = await makeLocalSpawner({
    pythonDir: local.pythonDir,
    runDir: privateRunDir(stateDir),
    network: local.network,
    hidden: [join(import.meta.dirname, '..'), stateDir],
    onLog: (message, about) => log.warn(about, message),
  });
  log.info({ sandbox: made.sandbox, limits: made.limits() }, 'servers run on this machine');
  return made;
}

async function assemblePods({ kubeconfig, apiServer, namespaces, pods }: Config['kubernetes'], log: Hub['log']) {
  const [{ makeKubernetesSpawner }, { fromKubeconfig, inCluster }] = await Promise.all([import('./adapters/kubernetes/spawner.ts'), import('./adapters/kubernetes/credentials.ts')]);
  log.info({ namespaces, image: pods.default.image, profiles: [...pods.further.keys()] }, 'servers run as pods');
  return makeKubernetesSpawner({ credentials: kubeconfig ? fromKubeconfig(kubeconfig) : inCluster(apiServer), namespaces, pods: (profile) => pods.further.get(profile) ?? pods.default, onLog: (message, about) => log.warn(about, message) });
}

/** The hub of the site: the same and what only the site needs. Prisma is loaded here alone, to keep the other programs small. */
export async function makeSiteHub(config: Config, secrets: Secrets, circuits?: CircuitLimits) {
  const hub = makeHub(config, secrets, circuits);
  // From the start on, not from the first browser's: /readyz says whether events are heard.
  hub.bus.subscribe(() => undefined, () => undefined);
  const { makePrisma } = await import('./adapters/postgres/prisma.ts');
  const prisma = makePrisma(hub.pool);
  const people = await assemblePeople(hub, prisma);
  const adminRows = makeAdminRows(hub.database);
  const { throttle, mailer, background } = people;
  hub.toTell.push(makeTellAdmins({ admins: adminRows.admins, throttle, mailer, site: config.site, background }));
  // So that admins hear of it before a large write does.
  const looking = setInterval(() => void hub.disk.look(), DISK_LOOK_MS).unref();
  const work = await assembleWork(hub, people.sessions);
  const [{ makeUploadReader }, { makeCourseImport }, { makePreparing }] = await Promise.all([import('./adapters/archive/upload.ts'), import('./core/courses/import/import.ts'), import('./core/lessons/preparing.ts')]);
  const rendering = makeRenderingWorkers(RENDERING_WORKER);
  return {
    ...hub,
    ...people,
    ...work,
    preparing: makePreparing(rendering, (facts) => hub.log.warn(facts, 'a text could not be prepared and is shown as it was typed')),
    uploads: makeUploadReader(),
    courseImport: makeCourseImport(hub),
    prisma,
    courseProfiles: makeCourseProfiles({ profiles: config.profiles, courses: hub.authoring }),
    admin: makeAdmin({ rows: adminRows, disk: hub.disk, servers: hub.servers, requests: hub.serverStore, membership: people.membership, profiles: config.profiles }),
    async close() {
      clearInterval(looking);
      work.feed.close();
      people.mailer.close?.();
      await rendering.close();
      await hub.close();
    },
  };
}

/** What learners do with lessons and files through the site. */
async function assembleWork({ config, secrets, log, bus, courses, workspaces, blobs, notebooks, budget, jupyter, putBack, servers, serverStore: store }: Hub, sessions: SessionStore) {
  const { makeOpening } = await import('./core/workspaces/opening.ts');
  const seldom = makeSeldom(TOLD_AGAIN_MS, TOLD_THINGS);
  // Whoever owns a server decides how often it fails, and what it says.
  const onBackground = (cause: unknown, doing: string) => {
    const told = seldom(`${doing}: ${cause instanceof Error ? cause.message : ''}`);
    if (told) log.warn({ err: cause, doing, ...(told.untold > 0 && { untold: told.untold }) }, 'a server could not be brought along');
  };
  const { workspaceBytes, site, notebookDomain } = config;
  const shared = { workspaces, courses, store, jupyter, putBack, onBackground };
  const lessons = makeLessonAccess({ courses });
  return {
    lessons,
    opening: makeOpening({ ...shared, site: { site, notebookDomain }, keys: secrets.keys, lessons, servers, bus, now: () => new Date() }),
    feed: makeFeed({ bus, workspaces, servers, sessions, onError: (cause) => log.warn({ err: cause }, 'an event could not be sent') }),
    files: makeFiles({ ...shared, blobs, notebooks, budget, keys: secrets.keys, limitBytes: workspaceBytes, fileLimitBytes: workspaceBytes }),
  };
}

async function assemblePeople({ config, secrets, log, database, bus }: Hub, prisma: Prisma) {
  const [{ makePeopleStore }, { makeInvitationStore }, { makeNextAuthAdapter }, { makePasswords }, { makeSmtpMailer }, { makeFolderMailer }] = await Promise.all([
    import('./adapters/postgres/people.ts'),
    import('./adapters/postgres/invitations.ts'),
    import('./adapters/postgres/next-auth.ts'),
    import('./adapters/argon2/passwords.ts'),
    import('./adapters/mail/smtp.ts'),
    import('./adapters/mail/folder.ts'),
  ]);
  const { signUp, site, mail } = config;
  const people = makePeopleStore(prisma);
  const sessions = makeSessionStore(database);
  const throttle = makeThrottle(database);
  const links = makeOneTimeLinks(database);
  const passwords = makePasswords();
  const mailer = secrets.mailUrl ? makeSmtpMailer(secrets.mailUrl, mail.from) : makeFolderMailer(mail.folder, mail.from, (file) => log.info({ file }, 'mail written, there is no mail server'));
  const background = (work: () => Promise<void>) => void work().catch((cause: unknown) => log.error({ err: cause }, 'background work failed'));
  const letters = makeLetters({ links, mailer, site, background });
  const membership = makeMembership({ people, sessions, bus });
  const signIn = makeSignIn({ people, passwords, throttle, signUp, pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) });
  const recovery = makeRecovery({ people, passwords, throttle, links, letters, membership, signIn, signUp, background });
  return {
    people,
    nextAuthAdapter: makeNextAuthAdapter(prisma, people),
    sessions,
    passwords,
    throttle,
    background,
    mailer,
    membership,
    signIn,
    signUp: makeSignUp({ people, passwords, throttle, letters, signUp, askForSignInLink: recovery.askForSignInLink }),
    recovery,
    invitations: makeInvitations({ store: makeInvitationStore(prisma), people, letters, signUp }),
    adminLink: makeAdminLink({ people, links, membership }),
  };
}

export type SiteHub = Awaited<ReturnType<typeof makeSiteHub>>;

/** Keys whose values never reach a log, at any of the depths our log calls use. */
const redacted = ['authorization', 'cookie', 'token', 'password', 'secret', 'grant', 'set-cookie'].flatMap((key) => [key, `*.${key}`, `headers["${key}"]`, `*.headers["${key}"]`]);
