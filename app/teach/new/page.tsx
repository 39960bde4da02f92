import type { Metadata } from 'next';
import { Upload } from '../../../components/courses/upload.client.tsx';
import { Page } from '../../../components/shell/page.tsx';
import { Link } from '../../../components/ui/link.tsx';
import { requireAuthor } from '../../../lib/web/teach.ts';

export const metadata: Metadata = { title: 'New course' };

export default async function NewCoursePage() {
  await requireAuthor();

  return (
    <Page
      title="New course"
      lead="A course is made from notebooks. Folders become modules, numbers in front of names give the order, and the first heading of a notebook is its title."
      above={
        <Link quiet href="/teach">
          Teach
        </Link>
      }
    >
      <div className="max-w-3xl">
        <Upload />
      </div>
    </Page>
  );
}
