/** The mark: an open book on a stand, with a prompt on its page. */
export function Mark({ className = 'size-8' }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" fill="none" aria-hidden className={className}>
      <path d="M2.5 7.2c0-.9.8-1.5 1.6-1.3l10.9 2.9v11.6L3.5 17.3c-.6-.2-1-.7-1-1.3V7.2Z" className="fill-accent" />
      <path d="M29.5 7.2c0-.9-.8-1.5-1.6-1.3L17 8.8v11.6l11.5-3.1c.6-.2 1-.7 1-1.3V7.2Z" className="fill-accent" fillOpacity="0.72" />
      <path d="m6 9.8 3.2 2.4L6 12.9" className="stroke-accent-ink" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" />
      <path d="M16 20.5v5M9.5 28h13" className="stroke-accent" strokeWidth="2.6" strokeLinecap="round" />
    </svg>
  );
}

/** Mark and name. */
export function Wordmark() {
  return (
    <span className="flex items-center gap-2.5 text-ink">
      <Mark />
      <span className="text-xl font-semibold tracking-[-0.035em]">Lectern</span>
    </span>
  );
}
