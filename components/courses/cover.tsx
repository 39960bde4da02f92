import clsx from 'clsx';

/** A quiet pattern that is always the same for a course and seldom the same for two. */
export function Cover({ slug, className }: { slug: string; className?: string }) {
  const bars = barsOf(slug);
  return (
    <div aria-hidden className={clsx('flex items-end gap-[3%] overflow-hidden border-b border-line bg-accent-soft px-[6%]', className)}>
      {bars.map((height, index) => (
        <span key={index} className="flex-1 rounded-t-sm bg-accent" style={{ height: `${height}%`, opacity: 0.18 + (height / 100) * 0.5 }} />
      ))}
    </div>
  );
}

const BARS = 12;

/** A chart of nothing: heights from a hash of the address. */
function barsOf(slug: string): number[] {
  let state = 2166136261;
  for (const sign of slug) state = Math.imul(state ^ sign.codePointAt(0)!, 16777619);
  return Array.from({ length: BARS }, () => {
    state = Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9;
    return 18 + ((state >>> 8) % 66);
  });
}
