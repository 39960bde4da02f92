'use client';

import NextLink from 'next/link';
import { useEffect, useState, type ComponentProps, type MouseEvent } from 'react';
import type { LessonId } from '../../lib/core/ids.ts';
import { whenIdle } from '../notebook/session/idle.client.ts';
import { openAhead } from '../notebook/runs/opening.client.ts';

type Props = Omit<ComponentProps<typeof NextLink>, 'prefetch' | 'onMouseDown' | 'onClick'> & {
  lesson: LessonId;
  /** The lesson most would open now, or once they have done with this page: its page is fetched before anybody asks. */
  likely?: 'now' | 'soon';
};

/** Until then a page that was just opened has better things to fetch. In milliseconds. */
const soonMs = 2_000;

/** What a lesson's page and its first *Run* are made of: reading it takes the browser some 50 ms of a click. */
const readLessonCode = () => void Promise.all([import('../notebook/view/notebook.client.tsx'), import('../notebook/runs/kernel.client.ts')]).catch(() => undefined);
/** Once the page has settled, and by then in any case. In milliseconds. */
const [settledMs, codeByMs] = [500, 5_000];

/**
 * A link to a lesson. Its page is fetched when it is pointed at, and its server is claimed when it is pressed: both are
 * there sooner than a finger leaves the button. (Not on pointerdown, which a scroll by touch sends too.)
 */
export function LessonLink({ lesson, likely, ...rest }: Props) {
  const [wanted, setWanted] = useState(likely === 'now');
  const want = () => setWanted(true);
  useEffect(() => {
    if (likely !== 'soon') return undefined;
    const timer = setTimeout(() => setWanted(true), soonMs);
    return () => clearTimeout(timer);
  }, [likely]);
  useEffect(() => {
    if (likely !== 'now') return undefined;
    let takeBack: (() => void) | undefined;
    const timer = setTimeout(() => (takeBack = whenIdle(readLessonCode, codeByMs)), settledMs);
    return () => {
      clearTimeout(timer);
      takeBack?.();
    };
  }, [likely]);
  const press = (event: MouseEvent) => {
    if (event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey) openAhead(lesson);
  };
  return <NextLink {...rest} prefetch={wanted} onMouseEnter={want} onFocus={want} onMouseDown={press} onClick={press} />;
}
