import type { Minute } from '../../lib/core/admin/overview.ts';
import { Chart } from './chart.tsx';
import { duration } from './duration.ts';

/** Queue, pool and start times of the last hour. */
export function Charts({ minutes }: { minutes: Minute[] }) {
  const last = minutes.at(-1);
  const started = minutes.findLast((minute) => minute.startMs !== undefined);
  const whole = (value: number) => String(value);

  return (
    <section aria-label="The last hour" className="grid gap-4 md:grid-cols-3">
      <Chart title="Waiting in the queue" from="an hour ago" now={String(last?.queued ?? 0)} format={whole} series={[{ label: 'waiting', kind: 'area', tone: 'warn', values: minutes.map(({ queued }) => queued) }]} />
      <Chart
        title="Servers"
        from="an hour ago"
        now={`${last?.warm ?? 0} warm, ${last?.running ?? 0} running`}
        format={whole}
        series={[
          { label: 'running', kind: 'area', tone: 'accent', values: minutes.map(({ running }) => running) },
          { label: 'warm', kind: 'area', tone: 'good', values: minutes.map(({ warm }) => warm) },
        ]}
      />
      <Chart title="Start time, median" from="an hour ago" now={started?.startMs === undefined ? 'no starts' : startTime(started.startMs)} format={startTime} series={[{ label: 'start', kind: 'bars', tone: 'accent', values: minutes.map(({ startMs }) => startMs) }]} />
    </section>
  );
}

/** Starts are short: tenths of a second count. */
const startTime = (ms: number) => (ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : duration(ms));
