import type { Bus } from '../bus.ts';
import { ok, refuse, type Outcome } from '../errors.ts';
import type { UserId, WorkspaceId } from '../ids.ts';
import { viewOf } from './describe.ts';
import type { EndReason } from './reason.ts';
import { profileNamed, type Profiles, type Server } from './server.ts';
import type { ServerRequests } from './store.ts';
import type { ServerView } from './view.ts';

export type OpenDecision = 'claim' | 'wait' | 'enter';

/**
 * What opening a lesson should do about the workspace's server. A second tab only waits, and so does whoever comes back
 * while the server is being stopped: there are never two live servers of one workspace.
 */
export function decideOpen(server: Server | undefined): OpenDecision {
  switch (server?.state) {
    case undefined:
    case 'stopped':
    case 'failed':
    case 'warming':
    case 'warm':
      return 'claim';
    case 'requested':
    case 'starting':
    case 'stopping':
      return 'wait';
    case 'running':
      return server.desired === 'stop' ? 'wait' : 'enter';
  }
}

type Deps = {
  store: ServerRequests;
  bus: Bus;
  profiles: Profiles;
  /** A course has chosen a profile that is no more; its learners have the default meanwhile. */
  onMissingProfile?: (about: { profile: string; workspace: WorkspaceId }) => void;
  serversPerUser: number;
  idleWarningMs: number;
  /** Without a sandbox only one person at a time has a server: others can reach this site, and nobody allowed that they share it. */
  onePersonUnsandboxed: boolean;
  /** How long `open` waits for the controller's mark, which takes milliseconds while a controller leads. */
  markWaitMs?: number;
};

/** What a learner may do with the server of a workspace of their own. Who may act on which workspace is asked before. */
export function makeServers({ store, bus, profiles, onMissingProfile, serversPerUser, idleWarningMs, onePersonUnsandboxed, markWaitMs = 400 }: Deps) {
  const view = async (workspace: WorkspaceId): Promise<ServerView> => {
    const server = await store.of(workspace);
    const place = server?.state === 'requested' ? await store.place(server.ref.id) : undefined;
    return viewOf(server, place, { warningMs: idleWarningMs, lifetimeMs: profileNamed(profiles, server?.profile).lifetimeMs });
  };

  /** What a server made now for the workspace is made from. */
  async function chosenFor(workspace: WorkspaceId): Promise<string> {
    const wanted = await store.profileOf(workspace);
    const { name } = profileNamed(profiles, wanted);
    if (wanted !== undefined && wanted !== name) onMissingProfile?.({ profile: wanted, workspace });
    return name;
  }

  /** Takes a warm server, else asks for one; neither where the workspace has one already. */
  async function ask(workspace: WorkspaceId, user: UserId): Promise<Outcome<'claimed' | 'waits'>> {
    const [before, mine, profile] = await Promise.all([store.of(workspace), store.liveOf(user), chosenFor(workspace)]);
    if (decideOpen(before) !== 'claim') return ok('waits');
    const others = mine.filter((other) => other.workspace !== workspace);
    if (others.length >= serversPerUser) return tooMany(others, serversPerUser);
    if (onePersonUnsandboxed && (await store.sharesUnsandboxed(user))) return unsandboxed;

    const claimed = await store.claimWarm(workspace, profile);
    if (claimed === 'none') await store.request(workspace, profile);
    // Two lessons opened at the same moment in two courses each saw room: the later server gives way.
    const now = await store.liveOf(user);
    if (now.findIndex((other) => other.workspace === workspace) >= serversPerUser) {
      const late = now.find((other) => other.workspace === workspace)!;
      await store.wantStopped(late.id, 'requested');
      return tooMany(now.filter((other) => other !== late), serversPerUser);
    }
    if (onePersonUnsandboxed && (await store.sharesUnsandboxed(user))) {
      for (const { id } of now.filter((other) => other.workspace === workspace)) await store.wantStopped(id, 'requested');
      return unsandboxed;
    }
    return ok(claimed === 'none' ? 'waits' : 'claimed');
  }

  return {
    /** Where the workspace's server stands, without asking for one. */
    view,

    /**
     * Called each time a lesson opens; safe to call from several tabs at once. Takes a warm server, else asks for one.
     * Refused, with the courses whose servers run, when the person has as many as one may have; and while somebody else's
     * code would lie open to this person's.
     */
    async open(workspace: WorkspaceId, user: UserId): Promise<Outcome<ServerView>> {
      const marked = heardOf(bus, workspace, markWaitMs);
      try {
        const asked = await ask(workspace, user);
        if (!asked.ok) return asked;
        let seen: ServerView | undefined;
        if (asked.value === 'claimed') await marked.until(async () => (seen = await view(workspace)).state === 'ready');
        return ok(seen ?? (await view(workspace)));
      } finally {
        marked.end();
      }
    },

    /** Stops the workspace's server, if it has one. The reason is what its owner will read. */
    async stop(workspace: WorkspaceId, reason: EndReason = 'requested'): Promise<ServerView> {
      const server = await store.of(workspace);
      if (server) await store.wantStopped(server.ref.id, reason);
      return view(workspace);
    },

    /** The owner answered the warning that the server is about to be stopped. */
    async keep(workspace: WorkspaceId): Promise<ServerView> {
      const server = await store.of(workspace);
      if (server?.state === 'running') await store.keep(server.ref.id);
      return view(workspace);
    },
  };
}

const unsandboxed = refuse({
  code: 'unavailable',
  say: 'On this site only one person at a time can run code, and somebody else does now. Your work is saved all the same. Try again later, or tell whoever runs the site.',
  detail: 'servers have no sandbox here: /admin says the mend, and LECTERN_ALLOW_UNSANDBOXED=1 lets people share the machine as it is',
});

function tooMany(others: { course: { title: string } }[], limit: number): Outcome<never> {
  const titles = others.map(({ course }) => `“${course.title}”`).join(' and ');
  return refuse({
    code: 'quota',
    say: `You already have ${others.length === 1 ? 'a server' : `${others.length} servers`} running, in ${titles}, and ${limit === 1 ? 'one is' : `${limit} are`} the most at once. Stop one there and open this lesson again.`,
    usedBytes: others.length,
    limitBytes: limit,
  });
}

/** Listens for moves of the workspace's server from now on, so that none between a claim and a wait is missed. */
export function heardOf(bus: Bus, workspace: WorkspaceId, limitMs: number) {
  let wake = () => {};
  let heard = false;
  const hear = () => {
    heard = true;
    wake();
  };
  // That it was claimed is no news to whoever claimed it, and nobody can enter yet.
  const end = bus.subscribe((event) => event.kind === 'server' && event.workspace === workspace && event.unmarked === undefined && hear(), hear);
  return {
    end,
    /** Asks again at each move until the answer is yes or the time is over. */
    async until(holds: () => Promise<boolean>): Promise<void> {
      const deadline = performance.now() + limitMs;
      for (;;) {
        heard = false;
        if (await holds()) return;
        const left = deadline - performance.now();
        if (left <= 0) return;
        if (heard) continue;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
  };
}

export type Servers = ReturnType<typeof makeServers>;
