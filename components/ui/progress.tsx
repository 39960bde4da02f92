import clsx from 'clsx';

/** How far along something is; without `value`, that it is under way. */
export function Progress({ value, max = 100, label, className }: { value?: number; max?: number; label: string; className?: string }) {
  const known = value !== undefined;
  const share = known && max > 0 ? Math.min(Math.max(value / max, 0), 1) : 0;
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={known ? max : undefined}
      aria-valuenow={value}
      className={clsx('h-1.5 overflow-hidden rounded-full bg-line', className)}
    >
      {known ? <div className="h-full rounded-full bg-accent transition-[width]" style={{ width: `${share * 100}%` }} /> : <div className="h-full w-1/3 animate-slide rounded-full bg-accent" />}
    </div>
  );
}
