import type { Page } from './fixtures.ts';
import { course, lessons } from './lesson.ts';

/** Every page of the site that can be gone to at once, with somebody who may see it. */
export async function everyPage(visitor: Page, admin: Page): Promise<{ page: Page; path: string }[]> {
  const [first] = await lessons();
  return [
    ...['/', '/courses', '/sign-in', '/sign-up', '/forgot'].map((path) => ({ page: visitor, path })),
    ...['/', '/courses', `/courses/${course}`, `/courses/${course}/${first!.slug}`, '/account', '/teach', '/teach/new', `/teach/${course}`, '/admin', '/admin/people'].map((path) => ({ page: admin, path })),
  ];
}
