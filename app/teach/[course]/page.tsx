import { ExternalLink } from 'lucide-react';
import type { Metadata } from 'next';
import { CourseForm } from '../../../components/courses/course-form.client.tsx';
import { OutlineEditor } from '../../../components/courses/outline-editor.client.tsx';
import { PublishButton } from '../../../components/courses/publish-button.client.tsx';
import { ServersForm } from '../../../components/courses/servers-form.client.tsx';
import { Page } from '../../../components/shell/page.tsx';
import { Badge } from '../../../components/ui/badge.tsx';
import { ButtonLink } from '../../../components/ui/button.tsx';
import { Card, CardTitle } from '../../../components/ui/card.tsx';
import { Link } from '../../../components/ui/link.tsx';
import { teachCoursePage } from '../../../lib/web/teach.ts';
import { chooseServers, editCourse, removeLesson, renameLesson, renameModule, setPublished, shiftLesson, shiftModule } from '../actions.ts';

type Props = { params: Promise<{ course: string }> };

export const metadata: Metadata = { title: 'Edit course' };

export default async function TeachCoursePage({ params }: Props) {
  const course = await teachCoursePage((await params).course);

  return (
    <Page
      title={course.title}
      above={
        <span className="flex items-center gap-3">
          <Link quiet href="/teach">
            Teach
          </Link>
          {course.published ? <Badge tone="good">Published</Badge> : <Badge tone="warn">Draft</Badge>}
        </span>
      }
      actions={
        <>
          <ButtonLink href={`/courses/${course.slug}`}>
            <ExternalLink aria-hidden className="size-4" /> Preview
          </ButtonLink>
          <PublishButton course={course.slug} published={course.published} setPublished={setPublished} />
        </>
      }
    >
      <div className="grid items-start gap-10 grid-cols-[minmax(0,1fr)] lg:grid-cols-[minmax(0,1fr)_22rem]">
        <section aria-labelledby="lessons">
          <h2 id="lessons" className="mb-4 text-2xl">
            Lessons
          </h2>
          <OutlineEditor course={course.slug} modules={course.modules} actions={{ renameModule, renameLesson, shiftModule, shiftLesson, removeLesson }} />
        </section>
        <div className="grid gap-6">
          <Card>
            <CardTitle className="mb-4">About the course</CardTitle>
            <CourseForm key={course.slug} course={{ slug: course.slug, title: course.title, summary: course.summary }} edit={editCourse} />
          </Card>
          {(course.servers.choices.length > 1 || course.servers.missing) && (
            <Card>
              <CardTitle className="mb-4">Servers</CardTitle>
              <ServersForm course={course.slug} servers={course.servers} choose={chooseServers} />
              {course.isAdmin && <p className="mt-5 border-t border-line pt-4 text-sm wrap-anywhere text-ink-3">In LECTERN_PROFILES this course is {course.id}.</p>}
            </Card>
          )}
        </div>
      </div>
    </Page>
  );
}
