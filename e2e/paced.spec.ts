import { get as httpGet } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test, type Visitor } from './fixtures.ts';
import { addCourse, enrol } from './lesson.ts';

/** In milliseconds, what else the machine does. */
const SLACK_MS = 500;

/** A page as its HTML, over a connection of its own: a browser would ask for six at a time. */
async function htmlOf({ context }: Visitor, address: string): Promise<string> {
  const { host, port, pathname } = new URL(address);
  const cookie = (await context.cookies(address)).map(({ name, value }) => `${name}=${value}`).join('; ');
  return new Promise((done, failed) => httpGet({ host: '127.0.0.1', port, path: pathname, headers: { host, cookie, accept: 'text/html' }, agent: false }, (answer) => void text(answer).then(done, failed)).on('error', failed));
}

// Seen to fail with the gateway's turns taken out: another's page took 5,240 ms (43 before), and four were refused.
test('T50 four hundred pages of a lesson at once by one person: they are asked to wait, and another opens theirs as before', async ({ learner, otherLearner, site }) => {
  const slug = await addCourse(Array.from({ length: 60 }, (_, n) => ({ cell_type: 'markdown', id: `text-${n}`, metadata: {}, source: `Paragraph ${n} of *many*.` })));
  for (const { person } of [learner, otherLearner]) await enrol(person, slug);
  const address = `${site}/courses/${slug}/one`;
  const timed = async () => {
    const since = performance.now();
    expect(await htmlOf(otherLearner, address)).toContain('Paragraph 59 of');
    return performance.now() - since;
  };
  await timed();
  const before = Math.max(await timed(), await timed(), await timed());
  const bound = before * 1.5 + SLACK_MS;
  let meanwhile = Infinity;
  // Whatever else the machine does is not theirs: of three times the first that is quick enough counts.
  for (let time = 0; time < 3 && meanwhile > bound; time += 1) {
    const flood = Array.from({ length: 400 }, () => htmlOf(learner, address));
    meanwhile = await timed();
    const pages = await Promise.all(flood);
    const refused = pages.filter((page) => page.includes('Too much was asked for at once'));
    expect(refused.length).toBeGreaterThan(200);
    expect(pages.filter((page) => page.includes('Paragraph 59 of')).length).toBe(400 - refused.length);
  }
  expect(meanwhile).toBeLessThan(bound);
  await learner.page.goto(address);
  await expect(learner.page.getByText('Paragraph 59 of many.')).toBeVisible();
});
