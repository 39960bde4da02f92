'use client';

import { startTransition, useEffect, useState } from 'react';
import { whenIdle } from '../session/idle.client.ts';

/** So many cells fill the first screen of a lesson. */
const firstCells = 4;
const perStep = 2;
/** The rest may come after so long, since whoever runs the first cell at once has its output by then, or when somebody scrolls. In milliseconds. */
const restMs = 400;
/** A step is taken by then, however busy the browser is. In milliseconds. */
const stepMs = 200;

/**
 * The items that are to be in the page now. With `soon` only the first ones at first, and the rest in steps when the
 * browser has nothing else to do: laying out a whole lesson keeps it from the server's answers for a tenth of a second.
 */
export function useFirst<T>(items: T[], soon: boolean): T[] {
  const [upTo, setUpTo] = useState(soon ? firstCells : Infinity);
  const [rests, setRests] = useState(soon);
  const isShort = upTo < items.length;

  useEffect(() => {
    if (!rests) return undefined;
    const go = () => setRests(false);
    const timer = setTimeout(go, restMs);
    addEventListener('scroll', go, { once: true, passive: true });
    return () => {
      clearTimeout(timer);
      removeEventListener('scroll', go);
    };
  }, [rests]);

  useEffect(() => (isShort && !rests ? whenIdle(() => startTransition(() => setUpTo((before) => before + perStep)), stepMs) : undefined), [isShort, rests, upTo]);
  return isShort ? items.slice(0, upTo) : items;
}
