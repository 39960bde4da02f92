import { ArrowRight, BookOpen } from 'lucide-react';
import NextLink from 'next/link';
import type { CourseCard as Course, MyCourse } from '../../lib/core/courses/course.ts';
import { Badge } from '../ui/badge.tsx';
import { Progress } from '../ui/progress.tsx';
import { Cover } from './cover.tsx';

const count = (lessons: number) => (lessons === 1 ? '1 lesson' : `${lessons} lessons`);

type Props = { course: Course; mine?: MyCourse; href?: string; /** One below the heading the card stands under. */ heading?: 'h2' | 'h3' };

/** A course to choose; the whole card is its link. With `mine`, how far this person is. */
export function CourseCard({ course, mine, href = `/courses/${course.slug}`, heading: Heading = 'h3' }: Props) {
  return (
    <article className="group relative flex flex-col overflow-hidden rounded-xl border border-line bg-surface shadow-card transition-colors hover:border-line-strong">
      <Cover slug={course.slug} className="h-24" />
      <div className="flex flex-1 flex-col gap-2 p-5">
        <div className="flex items-start justify-between gap-3">
          <Heading className="text-lg">
            <NextLink href={href} className="text-ink no-underline after:absolute after:inset-0 after:rounded-xl">
              {course.title}
            </NextLink>
          </Heading>
          {!course.published && <Badge tone="warn">Draft</Badge>}
        </div>
        {course.summary && <p className="line-clamp-3 text-[0.9375rem] text-ink-2">{course.summary}</p>}
        <div className="mt-auto flex items-center justify-between gap-3 pt-3 text-sm text-ink-3">
          <span className="inline-flex items-center gap-1.5">
            <BookOpen aria-hidden className="size-4" />
            {mine && mine.role === 'learner' ? `${mine.completed} of ${count(course.lessons)} done` : count(course.lessons)}
          </span>
          <ArrowRight aria-hidden className="size-4 text-accent transition-transform group-hover:translate-x-0.5" />
        </div>
        {mine?.role === 'learner' && <Progress value={mine.completed} max={course.lessons} label={`Progress in ${course.title}`} />}
      </div>
    </article>
  );
}

export const CourseGrid = ({ children }: { children: React.ReactNode }) => <div className="grid gap-5 sm:grid-cols-2 lg:grid-cols-3">{children}</div>;
