/** The mark: an open page on a reading desk, with a prompt on it. */
export function Mark({ className = 'size-8' }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" fill="none" aria-hidden className={className}>
      <path d="M4.2 14.6 24.6 4.3c.7-.3 1.5 0 1.8.7l2 4.6c.3.7 0 1.5-.7 1.8L7.4 20.9c-.7.3-1.5 0-1.8-.7l-2.1-3.8c-.3-.7 0-1.5.7-1.8Z" className="fill-accent" />
      <path d="m11.2 13.9 3.4.5-1.7 2.9M17.2 14.1l3.6-1.7" className="stroke-accent-ink" strokeWidth="1.7" strokeLinecap="round" strokeLinejoin="round" />
      <path d="M16.6 17.6v7.6M10.4 28.2c1.3-2 3.5-3 6.2-3s4.9 1 6.2 3" className="stroke-accent" strokeWidth="2.4" strokeLinecap="round" />
    </svg>
  );
}

/** Mark and name. */
export function Wordmark() {
  return (
    <span className="inline-flex items-center gap-2.5 text-ink">
      <Mark />
      <span className="text-xl font-semibold tracking-[-0.035em]">Lectern</span>
    </span>
  );
}
