import clsx from 'clsx';
import { ArrowLeft, ArrowRight, Check, ListTree } from 'lucide-react';
import Link from 'next/link';
import type { ReactNode } from 'react';
import type { LessonId } from '../../../lib/core/ids.ts';
import { LessonLink } from '../../courses/lesson-link.client.tsx';

type Neighbour = { id: LessonId; slug: string; title: string };
type Module = { title: string; lessons: (Neighbour & { state: 'none' | 'opened' | 'completed'; isHere: boolean })[] };

/** The course around the lesson: beside it where there is room, else folded up above it. */
export function Outline({ course, modules }: { course: { slug: string; title: string }; modules: Module[] }) {
  const lessons = modules.flatMap((module) => module.lessons);
  const next = lessons[lessons.findIndex(({ isHere }) => isHere) + 1];
  const list = (
    <ol className="nb-outline-list">
      {modules.map((module, i) => (
        <li key={i}>
          <p className="nb-outline-module">{module.title}</p>
          <ol>
            {module.lessons.map((lesson) => (
              <li key={lesson.slug}>
                <LessonLink lesson={lesson.id} likely={lesson === next ? 'soon' : undefined} href={`/courses/${course.slug}/${lesson.slug}`} aria-current={lesson.isHere ? 'page' : undefined} className={clsx('nb-outline-lesson', lesson.isHere && 'nb-outline-here')}>
                  <span aria-hidden className={clsx('nb-outline-mark', `nb-outline-${lesson.state}`)}>
                    {lesson.state === 'completed' && <Check className="size-3" />}
                  </span>
                  <span>
                    {lesson.title}
                    {lesson.state === 'completed' && <span className="sr-only"> (completed)</span>}
                  </span>
                </LessonLink>
              </li>
            ))}
          </ol>
        </li>
      ))}
    </ol>
  );
  const home = (
    <Link href={`/courses/${course.slug}`} className="nb-outline-course">
      <ArrowLeft aria-hidden className="size-4" /> {course.title}
    </Link>
  );
  return (
    <>
      <nav aria-label="Course" className="nb-outline max-lg:hidden">
        {home}
        {list}
      </nav>
      <div className="lg:hidden">
        {home}
        <details className="nb-outline-fold">
          <summary>
            <ListTree aria-hidden className="size-4" /> Lessons of this course
          </summary>
          <nav aria-label="Course">{list}</nav>
        </details>
      </div>
    </>
  );
}

/** What comes after the last cell: done, and where to go on. */
export function LessonFoot({ course, previous, next, children }: { course: string; previous?: Neighbour; next?: Neighbour; children: ReactNode }) {
  return (
    <footer className="nb-foot">
      {children}
      <nav aria-label="Lessons" className="nb-foot-nav">
        {previous ? (
          <LessonLink lesson={previous.id} href={`/courses/${course}/${previous.slug}`} rel="prev" className="nb-foot-link">
            <ArrowLeft aria-hidden className="size-4" />
            <span>
              <small>Previous</small>
              {previous.title}
            </span>
          </LessonLink>
        ) : (
          <span />
        )}
        {next && (
          <LessonLink lesson={next.id} likely="soon" href={`/courses/${course}/${next.slug}`} rel="next" className="nb-foot-link nb-foot-next">
            <span>
              <small>Next</small>
              {next.title}
            </span>
            <ArrowRight aria-hidden className="size-4" />
          </LessonLink>
        )}
      </nav>
    </footer>
  );
}
