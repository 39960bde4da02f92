import { availableParallelism } from 'node:os';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { figuresTable, type Figure } from '../bench/figure.ts';
import { between } from '../markdown.ts';
import { plot, type Panel } from './plot.ts';

const root = join(import.meta.dirname, '../..');
const marks = ['<!-- load: written by `npm run load -- --spawner kubernetes --guide` -->', '<!-- load end -->'] as const;

/** The operator guide's table and plot, from these figures. */
export function writeGuide(figures: Figure[]): void {
  const file = join(root, 'guides/operator.md');
  const shown = figures.filter(({ id }) => !/-(500|1000|2000)(-cpu)?$/.test(id));
  writeFileSync(file, between(readFileSync(file, 'utf8'), marks, `Measured on one machine with ${availableParallelism()} cores, which ran the cluster, the database and Lectern.\n\n${figuresTable(shown)}`));
  writeFileSync(join(root, 'public/docs/load.svg'), plot(panelsOf(figures), 'Processor time of a pass, memory and requests to the Kubernetes API over the number of running servers'));
}

/** What was measured at several sizes, each as one panel. */
export function panelsOf(figures: Figure[]): Panel[] {
  const over = (title: string, id: RegExp): Panel => {
    const found = figures.flatMap((one) => (id.test(one.id) ? [{ x: Number(id.exec(one.id)![1]), y: one.value, one }] : [])).sort((a, b) => a.x - b.x);
    const last = found.at(-1)!.one;
    return { title, unit: last.unit, goal: last.goal, points: found.map(({ x, y }) => ({ x, y })) };
  };
  return [over('Processor time of a pass', /^reconcile-(\d+)-cpu$/), over('Memory of the controller', /^controller-memory-(\d+)$/), over('Requests to the API', /^api-rate-(\d+)$/)];
}
