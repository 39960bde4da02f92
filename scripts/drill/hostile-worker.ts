import { pause } from './browser.ts';
import type { Door } from './door.ts';
import { openChannel, type Channel } from './hostile-channel.ts';
import type { Action, Phase } from './hostile-figures.ts';
import { makePage } from './page.ts';
import type { Learner } from './people.ts';

type Options = {
  random: () => number;
  /** On average, between two things. */
  thinkMs: number;
  isOver(): boolean;
  /** Nobody does anything in none: what is measured then belongs to what was before. */
  phase(): Phase | undefined;
  /** What was done in the phase in which it began: how long it took, none when it was done in vain; bytes whose save was acknowledged. */
  note(phase: Phase, action: Action, tookMs: number | undefined, acknowledged: number): void;
  /** They are in, and their first code ran. */
  onReady(): void;
};

/** Beyond that a learner has given up, and it counts as long as this. */
export const PATIENCE_MS = 30_000;
const LOOK_MS = 1_000;
/** Of a notebook's text: a page of code to some. */
const TEXT = { least: 1_000, most: 30_000 };

/** Works in one lesson: runs code, saves, and now and then opens the lesson anew. */
export async function workAlong(door: Door, learner: Learner, { random, thinkMs, isOver, phase, note, onReady }: Options): Promise<void> {
  const page = makePage(door, learner, PATIENCE_MS);
  let channel: Channel | undefined;
  let number = 0;

  const run = () => channel!.run((number += 1), PATIENCE_MS);
  async function click(): Promise<boolean> {
    channel?.socket.terminate();
    const entry = await page.enter();
    channel = entry && (await openChannel(door, entry));
    return channel !== undefined && run();
  }
  /** Text that was never saved before, so that each save is kept anew. */
  const text = () => {
    const words: string[] = [];
    for (let left = TEXT.least + random() * (TEXT.most - TEXT.least); left > 0; left -= 9) words.push(random().toString(36).slice(2, 10));
    return words.join(' ');
  };
  const does: Record<Action, () => Promise<boolean | number>> = { 'click to output': click, cell: run, save: () => page.save(text()) };

  try {
    while (!isOver() && !(await click())) await pause(LOOK_MS);
    onReady();
    while (!isOver()) {
      await pause(thinkMs * 2 * random());
      const when = phase();
      if (!when) continue;
      const wheel = random();
      const action: Action = !channel || wheel < 0.25 ? 'click to output' : wheel < 0.6 ? 'save' : 'cell';
      const began = performance.now();
      const done = await does[action]();
      if (!isOver()) note(when, action, done ? performance.now() - began : undefined, action === 'save' ? Number(done) : 0);
    }
  } finally {
    channel?.socket.terminate();
  }
}
