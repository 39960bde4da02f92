import type { FromWorker, ToWorker } from './wire.ts';

/** Of one body; room is only named, and taken as bytes come. */
const MOST_BYTES = 256 * 1024 * 1024;

/** Grows where it is, so that a body is never there twice. */
function makeBody() {
  const room = new ArrayBuffer(0, { maxByteLength: MOST_BYTES });
  const bytes = new Uint8Array(room);
  return {
    add(piece: Uint8Array) {
      const at = room.byteLength;
      room.resize(at + piece.length);
      bytes.set(piece, at);
    },
    whole: () => Buffer.from(room, 0, room.byteLength),
  };
}

/** What a worker's file calls: does one job after the other for the program that started it, and ends with it. */
export function serve<Job, Result>(work: (job: Job, bodies: Buffer[]) => Result | Promise<Result>): void {
  const send = (message: FromWorker) => void process.send?.(message);
  let bodies: ReturnType<typeof makeBody>[] = [];

  async function answer(job: Job): Promise<FromWorker> {
    const whole = bodies.map((body) => body.whole());
    bodies = [];
    try {
      return { say: 'done', result: await work(job, whole) };
    } catch (error) {
      return { say: 'failed', how: error instanceof Error ? `${error.name}: ${error.message.slice(0, 200)}` : 'no error' };
    }
  }

  process.on('message', (message: ToWorker) => {
    if (message.say === 'piece') (bodies[message.body] ??= makeBody()).add(message.bytes);
    else if (message.say === 'drop') bodies = [];
    else void answer(message.job as Job).then(send);
  });
  process.once('disconnect', () => process.exit());
  send({ say: 'ready' });
}
