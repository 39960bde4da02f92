import { killProgram, programOf } from '../../e2e/stack.ts';
import { allFolders, launchedProcess, sandboxStatus } from '../../lib/adapters/local/folder.ts';
import { privateRunDir } from '../../lib/adapters/local/run-dir.ts';
import { pause } from './browser.ts';

const programs = ['web', 'gateway', 'controller', 'postgres'] as const;
/** How often each is chosen. There are many notebook servers. */
const wheel = ['server', 'server', ...programs] as const;

export type Killed = Record<(typeof wheel)[number], number>;

type Options = { stateDir: string; random: () => number; /** On average, between two. */ everyMs: number; /** As many as there are when everybody has one: with fewer, each is killed no more often. */ servers: number; isOver(): boolean };

/** Kills what runs of a site, without a goodbye, until it is over. Whoever keeps the programs running starts them again. */
export async function killAtRandom({ stateDir, random, everyMs, servers, isOver }: Options): Promise<Killed> {
  const killed: Killed = { server: 0, web: 0, gateway: 0, controller: 0, postgres: 0 };
  while (!isOver()) {
    await pause(everyMs * 2 * random());
    if (isOver()) break;
    const what = wheel[Math.floor(random() * wheel.length)]!;
    const which = random();
    if (what === 'server' ? !killServer(stateDir, Math.floor(which * servers)) : !programOf(stateDir, what)) continue;
    if (what !== 'server') killProgram(stateDir, what);
    killed[what] += 1;
  }
  return killed;
}

/** The first process of a server's sandbox, with which all of it ends. */
export const serverPid = (folder: Parameters<typeof launchedProcess>[0]): number | undefined => sandboxStatus(folder).init ?? launchedProcess(folder)?.pid;

/** That one of the servers that somebody has. */
function killServer(stateDir: string, which: number): boolean {
  const claimed = allFolders(privateRunDir(stateDir)).filter((folder) => folder.claimed && !folder.leaving);
  const folder = claimed[which];
  const pid = folder && serverPid(folder);
  if (!pid) return false;
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}
