import { afterEach, beforeEach, vi } from 'vitest';

/** Frames and timers of a page that the tests of a file move by themselves. @returns the work that waits for the next frame, and what paints it */
export function withFrames() {
  let frames: (() => void)[] = [];
  beforeEach(() => {
    frames = [];
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    vi.stubGlobal('requestAnimationFrame', (work: () => void) => frames.push(work));
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
  return { waiting: () => frames, paint: () => frames.splice(0).forEach((work) => work()) };
}
