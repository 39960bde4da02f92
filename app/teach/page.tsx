import { NotebookPen, Plus } from 'lucide-react';
import type { Metadata } from 'next';
import { CourseCard, CourseGrid } from '../../components/courses/course-card.tsx';
import { Page } from '../../components/shell/page.tsx';
import { ButtonLink } from '../../components/ui/button.tsx';
import { EmptyState } from '../../components/ui/empty-state.tsx';
import { teachPage } from '../../lib/web/teach.ts';

export const metadata: Metadata = { title: 'Teach' };

export default async function TeachPage() {
  const { courses, mayAuthor } = await teachPage();
  const create = mayAuthor && (
    <ButtonLink variant="primary" href="/teach/new">
      <Plus aria-hidden className="size-4" /> New course
    </ButtonLink>
  );

  return (
    <Page title="Teach" lead="The courses you make." actions={courses.length > 0 && create}>
      {courses.length > 0 ? (
        <CourseGrid>
          {courses.map((course) => (
            <CourseCard heading="h2" key={course.id} course={course} href={`/teach/${course.slug}`} />
          ))}
        </CourseGrid>
      ) : (
        <EmptyState icon={NotebookPen} title="Your first course is one upload away" action={create}>
          Bring the notebooks you have: one, several, or a zip archive with data and pictures. You see what becomes of them before anything is made.
        </EmptyState>
      )}
    </Page>
  );
}
