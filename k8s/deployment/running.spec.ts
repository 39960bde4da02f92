import { request } from 'node:http';
import { expect, test } from '../../e2e/fixtures.ts';
import { addCodeCell, linesOf, liveServer, outputOf, run, saved, startCounting } from '../../e2e/lesson.ts';
import { render, type Thing } from '../rendered.fixture.ts';
import { explained, GATEWAY, images, kubectl, LEARNERS, LIMIT, onThisCluster, podOf, PROGRAMS } from './cluster.ts';
import { blockOf, follow } from './guide.ts';

/** The status of a GET at the gateway's Service, as the Ingress would send it. */
const ask = (path: string) =>
  new Promise<number | string>((done) => {
    const asked = request({ host: GATEWAY, port: 80, path, agent: false, headers: { host: 'lectern.localhost', accept: 'text/html' }, timeout: 30_000 }, (response) => {
      response.resume();
      response.on('end', () => done(response.statusCode!));
    });
    asked.on('timeout', () => asked.destroy(new Error('timeout')));
    asked.on('error', (error) => done(error.message));
    asked.end();
  });

test('two commands gave a running site: pages, and a sign-in link for its first admin', async () => {
  expect(await Promise.all(['/', '/sign-up', '/courses', '/readyz'].map(ask))).toEqual([200, 200, 200, 200]);
  expect(await follow(blockOf('Deploy: two commands', 'admin-link'), [])).toMatch(/^https:\/\/lectern\.localhost\/welcome\?token=\S{40,}$/m);
});

const counting = `import os, time\ni = 0\nwhile not os.path.exists('/tmp/enough'):\n    print('line', i, flush=True)\n    i += 1\n    time.sleep(0.5)\nprint('all', 'lines')`;

// The questions were seen to fail with all old pods of gateway and web ended before the new ones came (`strategy: Recreate`). Without preStop, or with
// maxUnavailable: 1, the other one still carries it, for Services fall back to pods that are ending.
test('F25 the next version: no question fails, the running cell shows every line on its page, in the same server, and the page goes on; who comes next gets the new image', async ({ learner, site, expectedProblems }) => {
  expectedProblems.push(/WebSocket|Connection lost|reconnecting|ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE|50[0-9]/i);
  const { person } = learner;
  const { cell, server } = await startCounting(learner, site, counting);

  // Of pages: a gateway that drains tells a probe so, as it should, and serves people meanwhile.
  const answers = new Set<string>();
  let done = false;
  const asking = (async () => {
    while (!done) {
      for (const path of ['/courses', '/']) answers.add(`${path} ${await ask(path)}`);
      // A pace, not a wait: some ten rounds a second, all through the update.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  const gone = (await kubectl(['-n', 'lectern', 'get', 'pods', '-l', 'app.kubernetes.io/component in (web, gateway)', '-o', 'name'])).trim().split('\n');
  expect(gone).toHaveLength(4);
  // The same content by another tag.
  for (const image of ['site', 'notebook']) await images('tag', `docker.io/lectern/${image}:test`, `docker.io/lectern/${image}:next`);
  await kubectl(['apply', '-f', '-'], onThisCluster('next'));
  await explained(kubectl(['-n', 'lectern', 'rollout', 'status', ...PROGRAMS, LIMIT]));
  await explained(kubectl(['-n', 'lectern', 'wait', '--for=delete', ...gone, LIMIT]));
  await explained(kubectl(['-n', 'lectern', 'wait', '--for=condition=complete', 'job/migrate-to-next', LIMIT]));
  done = true;
  await asking;
  expect([...answers].sort()).toEqual(['/ 200', '/courses 200']);

  await kubectl([...LEARNERS, 'exec', await podOf(person), '--', 'touch', '/tmp/enough']);
  await expect(outputOf(cell)).toContainText('all lines', { timeout: 120_000 });
  const numbers = await linesOf(cell);
  expect(numbers).toEqual(numbers.map((_, index) => index));
  expect(await liveServer(person)).toEqual(server);

  const next = await addCodeCell(learner.page, `print('after', 'the update', i)`);
  await run(next);
  await expect(outputOf(next)).toContainText(`after the update ${numbers.length}`, { timeout: 60_000 });
  await saved(learner.page);
  const warmImages = () => kubectl([...LEARNERS, 'get', 'pods', '-l', 'lectern/state=pool', '-o', 'jsonpath={.items[*].spec.containers[*].image}']);
  await expect.poll(warmImages, { timeout: 120_000 }).toBe('lectern/notebook:next');
});

// The plugin of this cluster knows no policies, which it says nowhere. Seen to fail with a self-test that ends well whatever it finds.
test('T32 the self-test finds out a cluster that does not enforce network policies', async () => {
  const [config, job] = ['ConfigMap', 'Job'].map((kind) => render('self-test').find((thing) => thing.kind === kind && thing.metadata.namespace === 'lectern-learners')!) as [Thing, Thing];
  const [container] = job.spec.template.spec.containers;
  Object.assign(job.spec, { completions: 1, parallelism: 1 });
  Object.assign(container!, { image: 'lectern/notebook:test', env: [{ name: 'PATIENCE_S', value: '1' }], command: ['python3', '/self-test/reach.py', 'open', `${GATEWAY}:80`, 'closed', '169.254.169.254:80', '10.96.0.1:443'] });
  await kubectl(['apply', '-f', '-'], [config, job]);
  await explained(kubectl([...LEARNERS, 'wait', '--for=condition=failed', 'job/network-self-test', LIMIT]));
  const said = await kubectl([...LEARNERS, 'logs', 'job/network-self-test']);
  expect(said.trim().split('\n').sort()).toEqual(['FAIL  10.96.0.1:443 (10.96.0.1) answers', `ok    ${GATEWAY}:80 (${GATEWAY}) answers`, 'ok    169.254.169.254:80 (169.254.169.254) is silent'].sort());
});
