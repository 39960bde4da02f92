'use client';

import { Page } from '../components/shell/page.tsx';
import { Alert } from '../components/ui/alert.tsx';
import { Button } from '../components/ui/button.tsx';

/** Whatever a page throws. Its message stays in the server's log; `digest` finds it there. */
export default function ErrorPage({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  return (
    <Page width="prose">
      <Alert tone="bad" live title="This page could not be shown" actions={<Button onClick={reset}>Try again</Button>}>
        <p>Something failed on our side. What you saved is safe.</p>
        {error.digest && <p className="mt-1 font-mono text-sm">Reference {error.digest}</p>}
      </Alert>
    </Page>
  );
}
