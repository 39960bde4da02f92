import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { figure, figuresTable, median, type Figure } from '../bench/figure.ts';
import { explain, makeProgress } from '../progress.mjs';
import { openCluster } from './cluster.ts';
import { writeGuide } from './guide.ts';
import { makeLearners } from './learners.ts';
import { makeSite, type Controller } from './site.ts';

// Inside the cluster's namespaces; see main.ts.

const { values: flags } = parseArgs({ options: { small: { type: 'boolean' }, guide: { type: 'boolean' }, only: { type: 'string' } } });
// `watchS`: as long as it takes until each server was asked for its status once.
const size = flags.small ? { claims: 20, starts: 50, pairs: 1, before: [20], after: [], watchS: 5, oldRows: 1_000 } : { claims: 500, starts: 1_000, pairs: 3, before: [500, 1_000], after: [2_000, 5_000], watchS: 120, oldRows: 100_000 };
const MB = 1 << 20;
const PATIENCE_MS = 240_000;

const progress = makeProgress();
const figures: Figure[] = [];
function note(...found: Figure[]): void {
  figures.push(...found);
  for (const { id, value, unit, holds } of found) progress.line(`    ${id}: ${value} ${unit}${holds ? '' : '  (goal missed)'}`);
}
/** What must not happen, whatever the machine. */
function never(id: string, count: number, unit: string): void {
  note(figure(id, count, unit, 0, 'lower'));
  if (count > 0) process.exitCode = 1;
}
const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

const here = process.env.LECTERN_TEST_CLUSTER!;
const kubeconfig = process.env.LECTERN_TEST_KUBECONFIG!;
const stateDir = process.env.LECTERN_STATE_DIR || join(import.meta.dirname, '../../.lectern');

/** The controller finds the cluster as in a pod of it, and what simulated pods are said to listen on is an address of this machine. */
function prepareNamespaces(): void {
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/var/run']);
  const account = '/var/run/secrets/kubernetes.io/serviceaccount';
  mkdirSync(account, { recursive: true });
  copyFileSync(join(here, 'pki/ca.crt'), join(account, 'ca.crt'));
  writeFileSync(join(account, 'token'), /token: (\S+?)\}/.exec(readFileSync(kubeconfig, 'utf8'))![1]!);
  execFileSync('ip', ['route', 'add', 'local', '10.128.0.0/9', 'dev', 'lo']);
}

prepareNamespaces();
const site = await progress.step('Database', () =>
  makeSite(join(here, 'lectern'), join(stateDir, 'logs/load'), {
    LECTERN_SPAWNER: 'kubernetes',
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: '6443',
    LECTERN_KUBERNETES_NAMESPACES: 'load-1,load-2',
    LECTERN_KUBERNETES_IMAGE: 'lectern/notebook',
    LECTERN_MAX_SERVERS: '6000',
    LECTERN_POOL_FLOOR: '0',
  }),
);
const cluster = await openCluster(site.config, kubeconfig);
const learners = await makeLearners(site.hub);
await site.standIn();

async function until(holds: (states: Record<string, number>) => boolean): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const states = await site.states();
    if (holds(states)) return;
    if (Date.now() > deadline) throw new Error(`not so after ${PATIENCE_MS / 1000} s: ${JSON.stringify(states)}`);
    await sleep(100);
  }
}
const onlyRunning = (count: number) => until((states) => Object.keys(states).length === 1 && states.running === count);

/** Pods that no live row owns, and rows with more than one. */
async function strays(): Promise<number> {
  const rows = new Set((await site.hub.serverStore.live()).map(({ ref }) => `${ref.generation} ${ref.id}`));
  const pods = (await cluster.names()).map(({ id, generation }) => `${generation} ${id}`);
  return pods.filter((pod) => !rows.has(pod)).length + pods.length - new Set(pods).size;
}

async function claims(): Promise<void> {
  const controller = await site.startController({ LECTERN_POOL_FLOOR: String(size.claims), LECTERN_MAX_SERVERS: String(size.claims) });
  await until(({ warm = 0 }) => warm === size.claims);
  const people = await site.learners(size.claims);
  await sleep(3_000);
  const took = (await Promise.all(people.map(learners.claim))).filter((ms) => ms !== undefined).sort((a, b) => a - b);
  await onlyRunning(size.claims);
  const marked = performance.now();
  while ((await cluster.unmarked()) > 0 && performance.now() - marked < PATIENCE_MS) await sleep(500);
  progress.line(`    every pod carries its mark after ${((performance.now() - marked) / 1000).toFixed(1)} s`);
  never(`claims-${size.claims}-unmarked`, await cluster.unmarked(), 'pods');
  await controller.stop();
  never(`claims-${size.claims}-refused`, size.claims - took.length, 'claims');
  note(figure(`claims-${size.claims}-p95`, took[Math.ceil(took.length * 0.95) - 1] ?? NaN, 'ms', 1000, 'lower'));
}

/** So many learners who all start for the first time, each pair after the same starts by a bare client: one of either says little on a machine whose speed varies. */
async function starts(): Promise<Controller> {
  const before = (await site.states()).running ?? 0;
  const ratios: number[] = [];
  let [refused, failed, stray] = [0, 0, 0];
  let controller: Controller;
  for (;;) {
    const bareMs = await cluster.bare(size.starts);
    controller = await site.startController({});
    await until(() => controller.passes.length > 1);
    const people = await site.learners(size.starts);
    await sleep(1_000);
    const [began, cpu] = [performance.now(), controller.cpu()];
    const asked = await Promise.all(people.map(learners.ask));
    await until(({ running = 0, requested = 0, starting = 0 }) => running === before + size.starts || requested + starting === 0);
    const took = performance.now() - began;
    ratios.push(took / bareMs);
    progress.line(`    ${(took / 1000).toFixed(1)} s, a bare client ${(bareMs / 1000).toFixed(1)} s; the controller's processor time ${(controller.cpu() - cpu).toFixed(1)} s`);
    refused += asked.filter((ok) => !ok).length;
    failed += await site.notStarted(people);
    stray += await strays();
    if (ratios.length === size.pairs) break;
    await Promise.all(people.map(({ workspace }) => site.hub.servers.stop(workspace)));
    await onlyRunning(before);
    await controller.stop();
  }
  const id = (what: string) => `starts-${size.starts}-${what}`;
  never(id('refused'), refused, 'starts');
  never(id('failed'), failed, 'starts');
  never(id('strays'), stray, 'pods');
  note(figure(id('ratio'), median(ratios), 'of a bare client', 1.5, 'lower'));
  return controller;
}

/** The controller while nothing changes but that one learner of ten works. */
async function steady(controller: Controller, count: number): Promise<void> {
  await onlyRunning(count);
  // The followers of the last ones begin.
  await sleep(flags.small ? 1_000 : 8_000);
  const [cpu, requests, passes, began] = [controller.cpu(), await cluster.podRequests(), controller.passes.length, performance.now()];
  let memory = 0;
  while (performance.now() - began < size.watchS * 1000) {
    await sleep(500);
    memory = Math.max(memory, controller.memoryBytes());
  }
  const seconds = (performance.now() - began) / 1000;
  note(
    figure(`reconcile-${count}-cpu`, (controller.cpu() - cpu) / (controller.passes.length - passes), 's', 1, 'lower'),
    figure(`api-rate-${count}`, ((await cluster.podRequests()) - requests) / seconds, 'requests/s', 5, 'lower'),
    figure(`controller-memory-${count}`, memory / MB, 'MB', 300, 'lower'),
  );
}

async function grow(count: number): Promise<void> {
  for (let have = (await site.states()).running ?? 0; have < count; have = Math.min(count, have + 1_000)) {
    const people = await site.learners(Math.min(1_000, count - have));
    await Promise.all(people.map(learners.ask));
    await onlyRunning(have + people.length);
  }
}

async function restart(): Promise<void> {
  const running = (await site.states()).running!;
  await site.oldRows(size.oldRows);
  const controller = await site.startController({});
  const pass = () => controller.passes.find(({ servers }) => servers === running);
  while (!pass() && performance.now() - controller.began < PATIENCE_MS) await sleep(20);
  note(figure(`restart-${size.oldRows / 1000}k-rows`, (pass()!.at - controller.began) / 1000, 's', 5, 'lower'));
  await controller.stop();
}

try {
  const measures = (part: string) => !flags.only || flags.only === part;
  const running = async (controller: Controller, count: number) => {
    await progress.step(`${count} running`, async () => {
      await grow(count);
      if (measures('running')) await steady(controller, count);
    });
  };
  if (measures('claims')) await progress.step(`${size.claims} claims at once`, claims);
  let controller = await site.startController({});
  if (measures('running') || measures('starts')) for (const count of size.before) await running(controller, count);
  if (measures('starts')) {
    await controller.stop();
    controller = await progress.step(`${size.starts} starts at once`, starts);
  }
  if (measures('running')) for (const count of size.after) await running(controller, count);
  await controller.stop();
  if (measures('running')) await progress.step(`Restart with ${size.oldRows} old rows`, restart);
} catch (error) {
  process.exitCode = 1;
  progress.warn(explain(error));
}
const report = join(stateDir, `reports/load-kubernetes${flags.small ? '-small' : ''}.json`);
mkdirSync(join(stateDir, 'reports'), { recursive: true });
// A part that was measured alone takes the place of what it was before.
const before = flags.only && existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as Figure[]) : [];
const all = [...before.filter(({ id }) => !figures.some((one) => one.id === id)), ...figures];
writeFileSync(report, `${JSON.stringify(all, null, 2)}\n`);
progress.line(`\n${figuresTable(all)}\n\n${report}`);
if (flags.guide) writeGuide(all);
// Everything that was started ends with the namespaces.
process.exit();
