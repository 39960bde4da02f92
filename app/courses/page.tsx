import { Library } from 'lucide-react';
import type { Metadata } from 'next';
import { CourseCard, CourseGrid } from '../../components/courses/course-card.tsx';
import { Page } from '../../components/shell/page.tsx';
import { ButtonLink } from '../../components/ui/button.tsx';
import { EmptyState } from '../../components/ui/empty-state.tsx';
import { cataloguePage } from '../../lib/web/courses.ts';

export const metadata: Metadata = { title: 'Courses' };

export default async function CataloguePage() {
  const { courses, mayAuthor } = await cataloguePage();

  return (
    <Page title="Courses" lead="Choose one, enrol, and start with the first lesson." actions={mayAuthor && <ButtonLink href="/teach/new">New course</ButtonLink>}>
      {courses.length > 0 ? (
        <CourseGrid>
          {courses.map((course) => (
            <CourseCard heading="h2" key={course.id} course={course} mine={course.mine} />
          ))}
        </CourseGrid>
      ) : (
        <EmptyState icon={Library} title="There is no course yet" action={mayAuthor && <ButtonLink variant="primary" href="/teach/new">Make the first one</ButtonLink>}>
          Courses appear here as soon as they are published.
        </EmptyState>
      )}
    </Page>
  );
}
