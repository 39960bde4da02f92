import { expect, test } from 'vitest';
import { plot } from './plot.ts';

test('each panel shows its figures, their goal and both ends of its axes', () => {
  const drawn = plot([{ title: 'A pass', unit: 's', goal: 1, points: [{ x: 500, y: 0.1 }, { x: 1_000, y: 0.25 }, { x: 5_000, y: 2 }] }], 'What it is');
  for (const text of ['aria-label="What it is"', '>A pass<', '>500<', '>5,000<', '>1<', '>0<', '5,000 servers: 2 s', 'prefers-color-scheme:dark']) expect(drawn).toContain(text);
  expect(drawn.match(/<circle/g)).toHaveLength(3);
});
