import { table } from '../markdown.ts';

/** One measured figure, as it stands in `.lectern/reports/bench.json`. */
export type Figure = { id: string; value: number; unit: string; goal: number; better: 'lower' | 'higher'; holds: boolean; baseline?: number };

export const figure = (id: string, value: number, unit: string, goal: number, better: Figure['better'], baseline?: number): Figure => ({
  id,
  value: Math.round(value * 100) / 100,
  unit,
  goal,
  better,
  holds: better === 'lower' ? value <= goal : value >= goal,
  ...(baseline !== undefined && { baseline }),
});

/** The middle of the values; of an even number, the mean of the two in the middle. */
export function median(values: number[]): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

export function figuresTable(figures: Figure[]): string {
  const compared = figures.some(({ baseline }) => baseline !== undefined);
  const rows = figures.map(({ id, value, unit, goal, better, holds, baseline }) => [id, `${value} ${unit}`, `${better === 'lower' ? '≤' : '≥'} ${goal} ${unit}`, holds ? 'yes' : 'no', ...(compared ? [baseline === undefined ? '' : `${baseline} ${unit}`] : [])]);
  return table([['figure', 'measured', 'goal', 'holds', ...(compared ? ['JupyterHub, or its proxy'] : [])], ...rows]);
}
