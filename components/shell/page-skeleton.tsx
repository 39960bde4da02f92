import { Page } from './page.tsx';
import { Skeleton } from '../ui/skeleton.tsx';

/** Holds the place of a page whose parts come later. Not in a `loading.tsx` at the root: with one, a missing page answers 200. */
export function PageSkeleton() {
  return (
    <Page>
      <p role="status" className="sr-only">
        Loading
      </p>
      <Skeleton className="h-10 w-2/3 max-w-md" />
      <Skeleton className="mt-4 h-5 w-full max-w-xl" />
      <div className="mt-10 grid gap-4 sm:grid-cols-2">
        <Skeleton className="h-40 rounded-xl" />
        <Skeleton className="h-40 rounded-xl" />
      </div>
    </Page>
  );
}
