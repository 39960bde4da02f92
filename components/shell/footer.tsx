import { Link } from '../ui/link.tsx';
import { Mark } from './logo.tsx';

/** The quiet end of every page. */
export function Footer() {
  return (
    <footer className="mt-auto border-t border-line">
      <div className="mx-auto flex max-w-6xl flex-wrap items-center justify-between gap-x-6 gap-y-2 px-4 py-6 text-sm text-ink-3 sm:px-6">
        <span className="inline-flex items-center gap-2">
          <Mark className="size-5" /> Lectern: courses with a live notebook in every lesson
        </span>
        <nav aria-label="Footer" className="flex gap-4">
          <Link quiet href="/courses">
            Courses
          </Link>
        </nav>
      </div>
    </footer>
  );
}
