import { fork, type ChildProcess } from 'node:child_process';
import { makeShares, type Leave } from '../../core/shares.ts';
import type { FromWorker, ToWorker } from './wire.ts';

export type PoolOptions = {
  /** What a worker runs: TypeScript that calls `serve`. Outside Next's bundle, so by its path. */
  file: string;
  /** Workers, which is jobs at once. */
  size: number;
  /** Of one person: jobs at once, and how many more wait. Whoever comes beyond is turned away. */
  each?: number;
  waiting: number;
  /** Of one worker, in MB. What needs more ends that worker. */
  heapMb: number;
  /** Of one job from its first byte to its answer, once its worker is ready. The worker is killed past it. */
  deadlineMs: number;
  /** A worker without work ends after it, and what it held is the machine's again. */
  idleMs?: number;
};

/** `full`: too many of this person's wait already. `late`: past the deadline. `died`: mostly of its memory. */
export type Ran<Result> = { state: 'done'; result: Result } | { state: 'full' | 'late' | 'died' };

/** A job whose bodies come piece by piece. Exactly one of `run` and `drop` ends it. */
export type Begun = {
  /** Resolves when there is room for more. */
  add(bytes: Uint8Array, body?: number): Promise<void>;
  run<Result>(job: unknown): Promise<Ran<Result>>;
  drop(): void;
};

/** `ready` resolves when it takes work, or has ended. */
type Worker = { child: ChildProcess; ready: Promise<void>; idle?: NodeJS.Timeout };
/** How a worker's job comes out, once. */
type Verdict = Exclude<FromWorker, { say: 'ready' }> | { say: 'late' | 'died' };

/** Long enough for somebody who saves again and again; short enough that a quiet site has none. */
const IDLE_MS = 30_000;
/** To start, which takes 0.1 to 0.5 s; on a machine with much else to do, many times that. */
const START_MS = 60_000;

/**
 * A few processes for what would hold up everybody's requests: with a deadline, memory of their own, and turns that are fair by
 * person. Processes and not threads, since a thread without memory takes all of the program with it, and nothing ends a thread
 * inside of `JSON.parse` (lib/decisions/heavy-work-in-processes.md). They start when they are wanted.
 */
export function makePool({ file, size, each = size, waiting, heapMb, deadlineMs, idleMs = IDLE_MS }: PoolOptions) {
  const shares = makeShares({ each, all: size, waiting });
  const idle: Worker[] = [];
  const all = new Set<Worker>();
  let closed = false;

  function start(): Worker {
    const child = fork(file, [], {
      execArgv: [`--max-old-space-size=${heapMb}`],
      // No secret of ours is in reach of what reads strangers' texts.
      env: { NODE_ENV: 'production', NODE_NO_WARNINGS: '1' },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const ready = Promise.withResolvers<void>();
    const worker: Worker = { child, ready: ready.promise };
    all.add(worker);
    const starting = setTimeout(() => child.kill('SIGKILL'), START_MS).unref();
    child.once('message', () => (clearTimeout(starting), ready.resolve()));
    child.once('exit', () => {
      clearTimeout(starting);
      ready.resolve();
      all.delete(worker);
      clearTimeout(worker.idle);
      if (idle.includes(worker)) idle.splice(idle.indexOf(worker), 1);
    });
    child.on('error', () => child.kill('SIGKILL'));
    child.unref();
    return worker;
  }

  function take(): Worker {
    const worker = idle.pop() ?? start();
    clearTimeout(worker.idle);
    worker.child.channel?.ref();
    return worker;
  }

  function giveBack(worker: Worker) {
    if (closed || !worker.child.connected) return void worker.child.kill('SIGKILL');
    // A program may end while a worker waits for work.
    worker.child.channel?.unref();
    idle.push(worker);
    worker.idle = setTimeout(() => worker.child.kill('SIGKILL'), idleMs).unref();
  }

  /** @returns undefined when too many of this person's wait already */
  async function begin(person: string): Promise<Begun | undefined> {
    const leave = closed ? undefined : await shares.enter(person);
    if (!leave) return undefined;
    const worker = take();
    await worker.ready;
    return makeJob(worker, leave);
  }

  function makeJob(worker: Worker, leave: Leave): Begun {
    const { child } = worker;
    const { promise: verdict, resolve } = Promise.withResolvers<Verdict>();
    const gone = () => resolve({ say: 'died' });
    const deadline = setTimeout(() => resolve({ say: 'late' }), deadlineMs);
    child.on('message', resolve).once('exit', gone);
    if (child.exitCode !== null || child.signalCode !== null) gone();
    let ended = false;

    function end({ say }: Verdict | { say: 'dropped' }) {
      if (ended) return;
      ended = true;
      clearTimeout(deadline);
      child.off('message', resolve).off('exit', gone);
      if (say === 'late' || say === 'died') child.kill('SIGKILL');
      else giveBack(worker);
      leave();
    }
    void verdict.then(end);

    const send = (message: ToWorker) =>
      new Promise<void>((sent) => {
        if (ended || !child.connected) return sent();
        child.send(message, () => sent());
      });

    return {
      // Whatever happens, a worker that takes nothing more holds nobody up for longer than the deadline.
      add: (bytes, body = 0) => Promise.race([send({ say: 'piece', body, bytes }), verdict.then(() => undefined)]),
      async run<Result>(job: unknown) {
        void send({ say: 'do', job });
        const said = await verdict;
        if (said.say === 'failed') throw new Error(`a worker failed: ${said.how}`);
        return (said.say === 'done' ? { state: 'done', result: said.result } : { state: said.say }) as Ran<Result>;
      },
      drop() {
        void send({ say: 'drop' });
        end({ say: 'dropped' });
      },
    };
  }

  return {
    begin,

    /** One job, and the bodies it is about. What goes wrong with a body is thrown. */
    async run<Result>(job: unknown, { person, bodies = [] }: { person: string; bodies?: AsyncIterable<Uint8Array>[] }): Promise<Ran<Result>> {
      const begun = await begin(person);
      if (!begun) return { state: 'full' };
      try {
        for (const [index, body] of bodies.entries()) for await (const piece of body) await begun.add(piece, index);
      } catch (error) {
        begun.drop();
        throw error;
      }
      return begun.run<Result>(job);
    },

    async close(): Promise<void> {
      closed = true;
      await Promise.all([...all].map(({ child }) => new Promise<void>((gone) => {
        child.ref();
        child.once('exit', () => gone());
        child.kill('SIGKILL');
      })));
    },
  };
}

export type Pool = ReturnType<typeof makePool>;
