import type { LessonId } from '../../../lib/core/ids.ts';
import type { Entry, OpenReply } from '../../../lib/core/servers/view.ts';
import { openLesson, type Answer } from '../session/api.client.ts';
import { openEarly, type EarlySocket } from './early-socket.client.ts';

/** `inside`: the kernel's socket, by which the browser was let into the notebook's origin with the entry of the answer. */
export type Opening = { answer: Answer<OpenReply>; inside: Promise<EarlySocket | undefined> };

/** A press on a link is followed by its page within this time, or not at all. Grants live 60 s. In milliseconds. */
const freshMs = 10_000;

const begun = new Map<LessonId, { opening: Promise<Opening>; at: number }>();

async function open(lesson: LessonId): Promise<Opening> {
  let inside: Opening['inside'] = Promise.resolve(undefined);
  const answer = await openLesson(lesson, (entry) => (inside = goIn(entry)));
  return { answer, inside };
}

/** Lets the browser into the notebook's origin. @returns the kernel's socket there, open; none where it was not let in */
export async function goIn(entry: Entry): Promise<EarlySocket | undefined> {
  const socket = openEarly(entry);
  return (await socket.opened) ? socket : undefined;
}

/** Claims the lesson's server and goes in while its page is still on the way. To be called when somebody presses a link to it. */
export function openAhead(lesson: LessonId): void {
  const before = begun.get(lesson);
  if (before && performance.now() - before.at < freshMs) return;
  const opening = open(lesson);
  begun.set(lesson, { opening, at: performance.now() });
  setTimeout(() => {
    if (begun.get(lesson)?.opening !== opening) return;
    begun.delete(lesson);
    void opening.then(({ inside }) => inside).then((socket) => socket?.close());
  }, freshMs);
}

/** The opening that the press on the link began, once; else one that begins now. */
export function takeOpening(lesson: LessonId): Promise<Opening> {
  const before = begun.get(lesson);
  begun.delete(lesson);
  return before?.opening ?? open(lesson);
}

/** Whether a press on a link leads to this lesson's page now. */
export const isAhead = (lesson: LessonId): boolean => begun.has(lesson);
