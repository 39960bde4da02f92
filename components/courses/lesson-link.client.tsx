'use client';

import NextLink from 'next/link';
import { useState, type ComponentProps, type MouseEvent } from 'react';
import type { LessonId } from '../../lib/core/ids.ts';
import { openAhead } from '../notebook/opening.client.ts';

type Props = Omit<ComponentProps<typeof NextLink>, 'prefetch' | 'onMouseDown' | 'onClick'> & { lesson: LessonId; /** The lesson most would open now: its page is fetched before anybody asks. */ likely?: boolean };

/**
 * A link to a lesson. Its page is fetched when it is pointed at, and its server is claimed when it is pressed: both are
 * there sooner than a finger leaves the button. (Not on pointerdown, which a scroll by touch sends too.)
 */
export function LessonLink({ lesson, likely = false, ...rest }: Props) {
  const [aimed, setAimed] = useState(false);
  const aim = () => setAimed(true);
  const press = (event: MouseEvent) => {
    if (event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey) openAhead(lesson);
  };
  return <NextLink {...rest} prefetch={likely || aimed} onMouseEnter={aim} onFocus={aim} onMouseDown={press} onClick={press} />;
}
