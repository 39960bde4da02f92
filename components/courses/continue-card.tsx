import { Play } from 'lucide-react';
import type { MyCourse } from '../../lib/core/courses/course.ts';
import { buttonClass, ButtonLink } from '../ui/button.tsx';
import { Link } from '../ui/link.tsx';
import { Progress } from '../ui/progress.tsx';
import { LessonLink } from './lesson-link.client.tsx';

/** The course somebody was last in, and one press back to where they were. */
export function ContinueCard({ course }: { course: MyCourse }) {
  const { last } = course;
  return (
    <section aria-label="Continue" className="flex flex-wrap items-center gap-x-8 gap-y-5 rounded-2xl border border-accent-line bg-accent-soft p-6 sm:p-8">
      <div className="min-w-0 flex-1 basis-64">
        <p className="text-sm font-medium text-accent-strong">{last ? 'Continue where you were' : 'Ready when you are'}</p>
        <h2 className="mt-1 text-2xl">{last?.title ?? course.title}</h2>
        <p className="mt-1 text-ink-2">
          {last ? (
            <>
              in{' '}
              <Link quiet href={`/courses/${course.slug}`}>
                {course.title}
              </Link>
            </>
          ) : (
            course.summary
          )}
        </p>
        <div className="mt-4 flex items-center gap-3 text-sm text-ink-2">
          <Progress value={course.completed} max={course.lessons} label={`Progress in ${course.title}`} className="max-w-56 flex-1" />
          {course.completed} of {course.lessons} done
        </div>
      </div>
      {last ? (
        <LessonLink lesson={last.id} likely="now" className={buttonClass({ variant: 'primary', size: 'lg' })} href={`/courses/${course.slug}/${last.slug}`}>
          <Play aria-hidden className="size-4" /> Continue
        </LessonLink>
      ) : (
        <ButtonLink variant="primary" size="lg" href={`/courses/${course.slug}`}>
          <Play aria-hidden className="size-4" /> Start
        </ButtonLink>
      )}
    </section>
  );
}
