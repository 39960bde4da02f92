'use client';

import './globals.css';

/** When even the frame around the pages fails, as while the database is away. */
export default function GlobalError({ reset }: { error: Error; reset: () => void }) {
  return (
    <html lang="en">
      <body>
        <main className="m-auto max-w-lg p-6 text-center">
          <h1 className="text-2xl">Lectern is away for a moment</h1>
          <p className="mt-3 text-ink-2">Something it needs did not answer. What you saved is safe. Try again shortly.</p>
          <button onClick={reset} className="mt-6 rounded-lg border border-line-strong bg-surface px-4 py-2 font-medium">
            Try again
          </button>
        </main>
      </body>
    </html>
  );
}
