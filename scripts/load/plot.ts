export type Panel = { title: string; unit: string; goal: number; points: { x: number; y: number }[] };

const [WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM] = [300, 230, 46, 46, 24, 36] as const;
const COLOURS = `text{font:12px system-ui,sans-serif;fill:#4b5563}.title{font-weight:600;fill:#111827}.axis{stroke:#d1d5db}.goal{stroke:#9ca3af;stroke-dasharray:4 3}.line{stroke:#2563eb;fill:none;stroke-width:2}.dot{fill:#2563eb}
@media(prefers-color-scheme:dark){text{fill:#9ca3af}.title{fill:#f3f4f6}.axis{stroke:#374151}.goal{stroke:#6b7280}.line{stroke:#60a5fa}.dot{fill:#60a5fa}}`;

/** Figures over the number of running servers, each with its goal as a dashed line; readable on light and on dark. */
export function plot(panels: Panel[], described: string): string {
  const drawn = panels.map((panel, at) => `<g transform="translate(${at * WIDTH} 0)">${draw(panel)}</g>`).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${panels.length * WIDTH} ${HEIGHT}" role="img" aria-label="${described}">\n<style>${COLOURS}</style>\n${drawn}\n</svg>\n`;
}

function draw({ title, unit, goal, points }: Panel): string {
  const [mostX, mostY] = [Math.max(...points.map(({ x }) => x)), Math.max(goal, ...points.map(({ y }) => y)) * 1.1];
  const x = (value: number) => Math.round(LEFT + (value / mostX) * (WIDTH - LEFT - RIGHT));
  const y = (value: number) => Math.round(HEIGHT - BOTTOM - (value / mostY) * (HEIGHT - TOP - BOTTOM));
  const shown = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 3 });
  const [left, right, bottom] = [LEFT, WIDTH - RIGHT, HEIGHT - BOTTOM];
  return [
    `<text class="title" x="${left}" y="20">${title}</text>`,
    `<text x="${left}" y="36">${unit}</text>`,
    `<path class="axis" d="M${left} ${TOP}V${bottom}H${right}" fill="none"/>`,
    `<path class="goal" d="M${left} ${y(goal)}H${right}"/>`,
    `<text x="${left - 6}" y="${y(goal) + 4}" text-anchor="end">${shown(goal)}</text>`,
    `<text x="${left - 6}" y="${bottom + 4}" text-anchor="end">0</text>`,
    ...points.filter((point, at) => at === 0 || x(point.x) - x(points[at - 1]!.x) > 34).map((point) => `<text x="${x(point.x)}" y="${bottom + 18}" text-anchor="middle">${shown(point.x)}</text>`),
    `<path class="line" d="M${points.map((point) => `${x(point.x)} ${y(point.y)}`).join('L')}"/>`,
    ...points.map((point) => `<circle class="dot" cx="${x(point.x)}" cy="${y(point.y)}" r="3"><title>${shown(point.x)} servers: ${shown(point.y)} ${unit}</title></circle>`),
    `<text x="${x(points.at(-1)!.x)}" y="${y(points.at(-1)!.y) - 8}" text-anchor="end">${shown(points.at(-1)!.y)}</text>`,
  ].join('\n');
}
