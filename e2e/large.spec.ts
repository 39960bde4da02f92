import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test, type Visitor } from './fixtures.ts';
import { addCourse, enrol } from './lesson.ts';
import { sql } from './people.ts';

/** In milliseconds, what else the machine does, and the 50,000 nodes that one page may have. */
const SLACK_MS = 1_500;

/** Over a connection of its own. */
async function ask({ context }: Visitor, address: string, { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: Buffer } = {}): Promise<{ status: number; text: string; ms: number }> {
  const { host, port, pathname, origin } = new URL(address);
  const cookie = (await context.cookies(address)).map(({ name, value }) => `${name}=${value}`).join('; ');
  const since = performance.now();
  const answer = await new Promise<IncomingMessage>((done, failed) => {
    const sent = httpRequest({ host: '127.0.0.1', port, path: pathname, method, headers: { host, cookie, accept: 'text/html', origin, ...headers, ...(body && { 'content-length': String(body.length) }) }, agent: false }, done);
    sent.on('error', failed).end(body);
  });
  return { status: answer.statusCode ?? 0, text: await text(answer), ms: performance.now() - since };
}

const notebook = (cells: object[]) => Buffer.from(JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells }));
const cell = (n: number, more: object) => ({ id: `c-${n}`, cell_type: 'code', source: '1', metadata: {}, outputs: [], execution_count: 1, ...more });
const printed = (text: unknown) => ({ outputs: [{ output_type: 'stream', name: 'stdout', text }] });

const kinds: [string, Buffer][] = [
  ['60 MB of printed lines', notebook(Array.from({ length: 60 }, (_, n) => cell(n, printed(Array.from({ length: 15_000 }, () => `${'x'.repeat(64)}\n`)))))],
  ['900,000 outputs', notebook(Array.from({ length: 60 }, (_, n) => cell(n, { outputs: Array.from({ length: 15_000 }, () => ({ output_type: 'stream', name: 'stdout', text: 'x\n' })) })))],
  ['2 MB of code', notebook(Array.from({ length: 100 }, (_, n) => cell(n, { source: 'x = 1  # a line of code\n'.repeat(800) })))],
];

// Figures seen, on a machine with much else to do: 483, 309 and 968 ms, 123 before. Seen to fail without a bound of a page's nodes: it took 10.9 s, or was no page.
test('T45 while one person saves and opens notebooks that hold a lot, another opens their page as before', async ({ learner, otherLearner, site }) => {
  const slug = await addCourse([{ cell_type: 'markdown', id: 'text', metadata: {}, source: 'Just *text*.' }]);
  for (const { person } of [learner, otherLearner]) await enrol(person, slug);
  const address = `${site}/courses/${slug}/one`;
  await learner.page.goto(address);
  const ownWorkspace = () => sql<{ id: string }>('SELECT id FROM workspace WHERE user_id = $1', [learner.person.id]);
  await expect.poll(async () => (await ownWorkspace()).length).toBe(1);
  const [workspace] = await ownWorkspace();
  // Its page would merge what is saved here.
  await learner.page.close();
  const timed = async () => {
    const { text: html, ms } = await ask(otherLearner, address);
    expect(html).toContain('Just');
    return ms;
  };
  const saveAndOpen = async (bytes: Buffer) => {
    const [file] = await sql<{ revision: number }>('SELECT revision FROM file WHERE workspace_id = $1 AND path = $2', [workspace!.id, 'one.ipynb']);
    const headers = { 'if-match': `"${file?.revision ?? 0}"` };
    expect((await ask(learner, `${site}/api/workspaces/${workspace!.id}/files/one.ipynb`, { method: 'PUT', headers, body: bytes })).status).toBe(200);
    for (let time = 0; time < 2; time += 1) expect((await ask(learner, address)).text).toContain('Code cell');
  };
  await timed();
  const before = Math.max(await timed(), await timed(), await timed());
  const bound = before * 1.5 + SLACK_MS;
  for (const [name, bytes] of kinds) {
    let longest = Infinity;
    // Whatever else the machine does is not theirs: of three times the first that is quick enough counts.
    for (let time = 0; time < 3 && longest > bound; time += 1) {
      let open = true;
      longest = 0;
      const working = saveAndOpen(Buffer.concat([bytes, Buffer.from('\n'.repeat(time))])).finally(() => (open = false));
      while (open) longest = Math.max(longest, await timed());
      await working;
    }
    expect(longest, name).toBeLessThan(bound);
  }
});
