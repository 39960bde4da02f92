/** One series: a line with its area, or bars. `undefined` is a gap. */
export type Series = { label: string; kind: 'area' | 'bars'; values: (number | undefined)[]; tone: keyof typeof tones };

const tones = { accent: 'text-accent', warn: 'text-warn', good: 'text-good', quiet: 'text-line-strong' };
const [WIDTH, HEIGHT, TOP] = [300, 72, 4];

type Props = { title: string; series: Series[]; /** The newest value in words, e.g. "2 warm". */ now: string; format: (value: number) => string; from: string };

/** A small chart of the last hour, drawn as SVG. The words beside it say the same for whoever does not see it. */
export function Chart({ title, series, now, format, from }: Props) {
  const highest = Math.max(1, ...series.flatMap(({ values }) => values.filter((value) => value !== undefined)));
  const count = Math.max(2, ...series.map(({ values }) => values.length));
  const x = (index: number) => (index / (count - 1)) * WIDTH;
  const y = (value: number) => HEIGHT - (value / highest) * (HEIGHT - TOP);

  return (
    <figure className="rounded-xl border border-line bg-surface p-5 shadow-card">
      <figcaption className="flex items-baseline justify-between gap-3">
        <span className="text-sm text-ink-3">{title}</span>
        <span className="font-medium tabular-nums">{now}</span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" className="mt-3 h-18 w-full" role="img" aria-label={`${title} over the last hour: now ${now}, at most ${format(highest)}`}>
        {series.map(({ label, kind, values, tone }) => (
          <g key={label} className={tones[tone]}>
            {kind === 'bars' ? (
              values.map((value, index) => value !== undefined && <rect key={index} x={x(index) - 1.8} width={3.6} y={y(value)} height={HEIGHT - y(value)} fill="currentColor" />)
            ) : (
              <>
                <path d={`${line(values, x, y)}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`} fill="currentColor" opacity="0.14" />
                <path d={line(values, x, y)} fill="none" stroke="currentColor" strokeWidth="1.6" vectorEffect="non-scaling-stroke" />
              </>
            )}
          </g>
        ))}
      </svg>
      <div className="mt-2 flex justify-between text-xs text-ink-3">
        <span>{from}</span>
        <span className="flex gap-3">
          {series.length > 1 &&
            series.map(({ label, tone }) => (
              <span key={label} className="inline-flex items-center gap-1.5">
                <span aria-hidden className={`size-2 rounded-full bg-current ${tones[tone]}`} />
                {label}
              </span>
            ))}
        </span>
        <span>now</span>
      </div>
    </figure>
  );
}

/** Steps: a count holds until it changes. */
function line(values: (number | undefined)[], x: (index: number) => number, y: (value: number) => number): string {
  return values.map((value, index) => (index === 0 ? `M0 ${y(value ?? 0)}` : `H${x(index)}V${y(value ?? 0)}`)).join('');
}
