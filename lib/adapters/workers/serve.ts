import type { FromWorker, ToWorker } from './wire.ts';

/** What a worker's file calls: does one job after the other for the program that started it, and ends with it. */
export function serve<Job, Result>(work: (job: Job, bodies: Buffer[]) => Result | Promise<Result>): void {
  const send = (message: FromWorker) => void process.send?.(message);
  let bodies: Uint8Array[][] = [];

  async function answer(job: Job): Promise<FromWorker> {
    const whole = bodies.map((pieces) => Buffer.concat(pieces));
    bodies = [];
    try {
      return { say: 'done', result: await work(job, whole) };
    } catch (error) {
      return { say: 'failed', how: error instanceof Error ? `${error.name}: ${error.message.slice(0, 200)}` : 'no error' };
    }
  }

  process.on('message', (message: ToWorker) => {
    if (message.say === 'piece') (bodies[message.body] ??= []).push(message.bytes);
    else if (message.say === 'drop') bodies = [];
    else void answer(message.job as Job).then(send);
  });
  process.once('disconnect', () => process.exit());
  send({ say: 'ready' });
}
