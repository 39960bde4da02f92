import { Check, Circle, CircleDot } from 'lucide-react';
import type { Outline as Contents } from '../../lib/core/courses/course.ts';
import type { LessonId } from '../../lib/core/ids.ts';
import { Badge } from '../ui/badge.tsx';
import { LessonLink } from './lesson-link.client.tsx';

type State = 'opened' | 'completed' | undefined;
type Props = { course: string; modules: Contents['modules']; progress: Map<LessonId, 'opened' | 'completed'>; /** Whether lessons open for this person. */ open: boolean; /** The lesson to go on with. */ next?: LessonId };

/** Modules and lessons of a course, as its table of contents. */
export function Outline({ course, modules, progress, open, next }: Props) {
  return (
    <ol className="grid gap-8">
      {modules.map((module, index) => (
        <li key={module.id}>
          <h2 className="flex items-baseline gap-3 text-xl">
            <span aria-hidden className="font-mono text-base text-ink-3">
              {index + 1}
            </span>
            {module.title}
          </h2>
          <ol className="mt-3 overflow-hidden rounded-xl border border-line bg-surface shadow-card">
            {module.lessons.map((lesson) => (
              <li key={lesson.id} className="border-line not-first:border-t">
                <Row lesson={lesson.id} likely={lesson.id === next} href={open ? `/courses/${course}/${lesson.slug}` : undefined} title={lesson.title} state={progress.get(lesson.id)} draft={!lesson.published} />
              </li>
            ))}
          </ol>
        </li>
      ))}
    </ol>
  );
}

const marks = {
  completed: { icon: Check, look: 'bg-good-soft text-good', say: 'Done' },
  opened: { icon: CircleDot, look: 'bg-accent-soft text-accent', say: 'Begun' },
  none: { icon: Circle, look: 'bg-sunken text-ink-3', say: '' },
};

function Row({ lesson, likely, href, title, state, draft }: { lesson: LessonId; likely: boolean; href?: string; title: string; state: State; draft: boolean }) {
  const { icon: Icon, look, say } = marks[state ?? 'none'];
  const inside = (
    <>
      <span className={`grid size-7 shrink-0 place-items-center rounded-full ${look}`}>
        <Icon aria-hidden className="size-4" />
      </span>
      <span className="min-w-0 flex-1">{title}</span>
      {draft && <Badge tone="warn">Draft</Badge>}
      {say && <span className="text-sm text-ink-3">{say}</span>}
    </>
  );
  const row = 'flex items-center gap-3 px-4 py-3 sm:px-5';
  if (!href) return <div className={row}>{inside}</div>;
  return (
    <LessonLink lesson={lesson} likely={likely ? 'now' : undefined} href={href} className={`${row} text-ink no-underline hover:bg-sunken focus-visible:-outline-offset-2`}>
      {inside}
    </LessonLink>
  );
}
