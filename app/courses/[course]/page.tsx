import { Hammer, Play } from 'lucide-react';
import type { Metadata } from 'next';
import { notFound } from 'next/navigation';
import { cache } from 'react';
import { EnrolButton } from '../../../components/courses/enrol-button.client.tsx';
import { LessonLink } from '../../../components/courses/lesson-link.client.tsx';
import { Outline } from '../../../components/courses/outline.tsx';
import { Page } from '../../../components/shell/page.tsx';
import { Badge } from '../../../components/ui/badge.tsx';
import { buttonClass, ButtonLink } from '../../../components/ui/button.tsx';
import { Card } from '../../../components/ui/card.tsx';
import { EmptyState } from '../../../components/ui/empty-state.tsx';
import { Link } from '../../../components/ui/link.tsx';
import { Progress } from '../../../components/ui/progress.tsx';
import { coursePage, type CoursePage as Contents } from '../../../lib/web/courses.ts';
import { enrol } from '../actions.ts';

type Props = { params: Promise<{ course: string }> };

const load = cache(coursePage);

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const page = await load((await params).course);
  return page ? { title: page.outline.title, description: page.outline.summary || undefined } : {};
}

export default async function CoursePage({ params }: Props) {
  const page = await load((await params).course);
  if (!page) notFound();
  const { outline, access, progress } = page;

  return (
    <Page
      title={outline.title}
      lead={outline.summary}
      above={
        <span className="flex items-center gap-3">
          <Link quiet href="/courses">
            Courses
          </Link>
          {!outline.published && <Badge tone="warn">Draft: learners do not see this course</Badge>}
        </span>
      }
      actions={
        access === 'author' && (
          <ButtonLink href={`/teach/${outline.slug}`}>
            <Hammer aria-hidden className="size-4" /> Edit course
          </ButtonLink>
        )
      }
    >
      <div className="grid items-start gap-8 lg:grid-cols-[1fr_20rem] lg:gap-12">
        <aside className="lg:sticky lg:top-24 lg:order-2">
          <Start page={page} />
        </aside>
        {outline.lessons > 0 ? (
          <Outline course={outline.slug} modules={outline.modules} progress={progress} open={access !== 'reader'} next={page.next?.id} />
        ) : (
          <EmptyState icon={Play} title="This course has no lessons yet" />
        )}
      </div>
    </Page>
  );
}

/** The one thing to do next: sign in, enrol, or go on. */
function Start({ page }: { page: Contents }) {
  const { outline, access, progress, next, signedIn } = page;
  const completed = [...progress.values()].filter((state) => state === 'completed').length;
  if (!signedIn) {
    return (
      <Card className="grid gap-4">
        <p className="text-ink-2">Sign in to enrol. Every lesson then comes with a Jupyter server of your own.</p>
        <ButtonLink variant="primary" size="lg" href={`/sign-in?next=${encodeURIComponent(`/courses/${outline.slug}`)}`}>
          Sign in to enrol
        </ButtonLink>
      </Card>
    );
  }
  if (access === 'reader') {
    return (
      <Card className="grid gap-4">
        <p className="text-ink-2">Enrol to open the lessons. Your work is kept for you from the first key you press.</p>
        <EnrolButton course={outline.slug} enrol={enrol} />
      </Card>
    );
  }
  return (
    <Card className="grid gap-4">
      <div>
        <p className="mb-2 flex justify-between text-sm text-ink-2">
          <span>Your progress</span>
          <span>
            {completed} of {outline.lessons}
          </span>
        </p>
        <Progress value={completed} max={outline.lessons} label="Your progress in this course" />
      </div>
      {next && (
        <>
          <p className="text-[0.9375rem] text-ink-2">
            {progress.size > 0 ? 'Next: ' : 'Begin with: '}
            <span className="font-medium text-ink">{next.title}</span>
          </p>
          <LessonLink lesson={next.id} likely="now" className={buttonClass({ variant: 'primary', size: 'lg' })} href={`/courses/${outline.slug}/${next.slug}`}>
            <Play aria-hidden className="size-4" />
            {progress.size > 0 ? 'Continue' : 'Start'}
          </LessonLink>
        </>
      )}
    </Card>
  );
}
