import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { makeLogs } from './logs.ts';
import { endProcess, forget, markOf, record } from './process-mark.ts';

/** One program that is kept running. */
export type Program = { name: string; command: string; args: string[]; env: NodeJS.ProcessEnv; /** How long it may take to end in order. */ graceMs: number };

/** A program that lived this long was well: its next death is the first again. */
const WELL_MS = 30_000;
/** Between two looks at how full the logs are: a program that is made to write 11 MB a second adds 22 MB. */
const LOGS_MS = 2_000;

/** Milliseconds until the next start of a program that died `deaths` times in a row soon after its start. */
export const restartAfterMs = (deaths: number) => (deaths <= 1 ? 0 : Math.min(15_000, 250 * 2 ** (deaths - 2)));

type Options = { cwd: string; runDir: string; logDir: string; tell: (text: string) => void };

/**
 * Keeps programs running: each one that ends is started again, at once the first time and then ever later while it keeps
 * dying. Their output goes straight to log files, so they outlive this process and the next supervisor finds them by their marks.
 */
export function makeSupervisor({ cwd, runDir, logDir, tell }: Options) {
  const running = new Map<string, ChildProcess>();
  const waiting = new Map<string, NodeJS.Timeout>();
  const logs = makeLogs(logDir);
  let ending = false;
  let turning: NodeJS.Timeout | undefined;

  /** A log that cannot be turned over must not end the programs' keeper. */
  function turnLogs() {
    for (const name of running.keys()) {
      try {
        logs.turn(name);
      } catch (error) {
        tell(`The log of ${name} could not be turned over: ${(error as Error).message}`);
      }
    }
  }

  function launch(program: Program, deaths: number) {
    waiting.delete(program.name);
    const log = logs.open(program.name);
    const began = Date.now();
    const child = spawn(program.command, program.args, { cwd, env: program.env, stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    if (child.pid) record(runDir, program.name, child.pid);
    running.set(program.name, child);
    const over = (how: string) => {
      if (running.get(program.name) !== child) return;
      running.delete(program.name);
      if (ending) return;
      const next = Date.now() - began > WELL_MS ? 1 : deaths + 1;
      const delay = restartAfterMs(next);
      tell(`${program.name} ended (${how}); it starts again${delay ? ` in ${delay / 1000} s` : ''}. Log: ${logs.fileOf(program.name)}`);
      waiting.set(program.name, setTimeout(() => launch(program, next), delay));
    };
    child.once('exit', (code, signal) => over(signal ?? `exit code ${code}`));
    child.once('error', (error) => over(error.message));
  }

  return {
    start(program: Program) {
      turning ??= setInterval(turnLogs, LOGS_MS).unref();
      launch(program, 0);
    },
    isRunning: (name: string) => running.has(name),
    /** Ends one program in order and starts it no more. */
    async stop(program: Program) {
      clearTimeout(waiting.get(program.name));
      waiting.delete(program.name);
      const child = running.get(program.name);
      running.delete(program.name);
      const mark = child?.pid ? markOf(child.pid) : undefined;
      if (mark && (await endProcess(mark, 'SIGTERM', program.graceMs)) === 'killed') tell(`${program.name} did not end in ${program.graceMs / 1000} s and was killed.`);
      forget(runDir, program.name);
    },
    /** From now on a program that ends stays ended. */
    stopRestarting() {
      ending = true;
      clearInterval(turning);
      for (const timer of waiting.values()) clearTimeout(timer);
    },
  };
}
