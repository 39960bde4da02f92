import { expect, test } from 'vitest';
import { makeCell, type Notebook } from '../../lessons/notebook.ts';
import { planCourse } from './plan.ts';

const prose = (source: string) => ({ ...makeCell('markdown', 'a'), source });
const code = (source: string) => ({ ...makeCell('code', 'a'), source });
const titled = (...cells: Notebook['cells']) => planCourse('course', new Map([['02_working-with_data.ipynb', { cells, metadata: {}, rest: {} }]]), []).plan.modules[0]!.lessons[0]!.title;
const readme = (text: string) => planCourse('course', new Map(), [], text).plan;

test.each<[string, Notebook['cells'], string]>([
  ['a heading by marks', [prose('Hello\n\n## *Plots* and `tables` ##')], 'Plots and tables'],
  ['an underlined heading', [prose('A first look\n===')], 'A first look'],
  ['a heading of HTML', [prose('<h1 align="center">Sets &amp; maps</h1>')], 'Sets & maps'],
  ['a comment in fenced code before it', [prose('```python\n# Setup\n```\n# The title')], 'The title'],
  ['a formula in it', [prose('# The $\\chi^2$ test and $\\mathrm{E}[X]$')], 'The chi^2 test and E[X]'],
  ['money in it', [prose('# From $4 to $9')], 'From $4 to $9'],
  ['code and an empty cell before it', [code('import x'), prose(''), prose('# Later')], 'Later'],
  ['a heading thirty cells down', [...Array.from({ length: 30 }, () => code('1')), prose('# Setup')], 'Working with data'],
  ['none at all', [code('# Setup')], 'Working with data'],
])('a lesson’s title with %s', (_what, cells, title) => {
  expect(titled(...cells)).toBe(title);
});

test.each([
  ['a row of badges', '# Course\n\n[![CI](https://x/b.svg)](https://x) ![c](d.svg)\n\nAbout *this*.', 'About this.'],
  ['a title underlined', 'Course\n---\n\nWhat it is.', 'What it is.'],
  ['code', '# Course\n\n```sh\npip install x\n```\n\nThen this.', 'Then this.'],
])('a course’s summary is its first paragraph, which is not %s', (_what, text, summary) => {
  expect(readme(text)).toMatchObject({ title: 'Course', summary });
});
