import { Compass, Library } from 'lucide-react';
import { ContinueCard } from '../components/courses/continue-card.tsx';
import { CourseCard, CourseGrid } from '../components/courses/course-card.tsx';
import { Hero, Promises } from '../components/courses/hero.tsx';
import { Page } from '../components/shell/page.tsx';
import { ButtonLink } from '../components/ui/button.tsx';
import { EmptyState } from '../components/ui/empty-state.tsx';
import { landing } from '../lib/web/courses.ts';

export default async function Landing() {
  const { signedIn, name, mine, catalogue } = await landing();
  const [first, ...others] = mine;
  const rest = catalogue.filter((course) => !mine.some(({ id }) => id === course.id));

  if (!signedIn) {
    return (
      <Page>
        <Hero />
        <Promises />
        <section className="pt-12" aria-labelledby="courses">
          <h2 id="courses" className="mb-6 text-2xl">
            Courses
          </h2>
          {catalogue.length > 0 ? (
            <CourseGrid>
              {catalogue.map((course) => (
                <CourseCard key={course.id} course={course} />
              ))}
            </CourseGrid>
          ) : (
            <EmptyState icon={Library} title="The shelves are still empty">
              The first course appears here as soon as it is published.
            </EmptyState>
          )}
        </section>
      </Page>
    );
  }
  return (
    <Page title={name ? `Hello, ${name.split(' ')[0]}` : 'Hello'}>
      <div className="grid gap-12">
        {first ? (
          <ContinueCard course={first} />
        ) : (
          <EmptyState icon={Compass} title="You have not chosen a course yet" action={<ButtonLink variant="primary" href="/courses">See the courses</ButtonLink>}>
            Enrol in one, and this page will bring you back to where you were.
          </EmptyState>
        )}
        {others.length > 0 && (
          <section aria-labelledby="yours">
            <h2 id="yours" className="mb-5 text-2xl">
              Your other courses
            </h2>
            <CourseGrid>
              {others.map((course) => (
                <CourseCard key={course.id} course={course} mine={course} />
              ))}
            </CourseGrid>
          </section>
        )}
        {rest.length > 0 && (
          <section aria-labelledby="more">
            <h2 id="more" className="mb-5 text-2xl">
              {mine.length > 0 ? 'More to learn' : 'Courses'}
            </h2>
            <CourseGrid>
              {rest.map((course) => (
                <CourseCard key={course.id} course={course} />
              ))}
            </CourseGrid>
          </section>
        )}
      </div>
    </Page>
  );
}
