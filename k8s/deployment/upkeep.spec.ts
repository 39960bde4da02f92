import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '../../e2e/fixtures.ts';
import { addCodeCell, liveServer, openLesson, outputOf, run, saved } from '../../e2e/lesson.ts';
import { render } from '../rendered.fixture.ts';
import { explained, kubectl, LIMIT, PROGRAMS } from './cluster.ts';
import { blockOf, blocksOfGuide, follow } from './guide.ts';

const [overlay, secrets] = [process.env.E2E_OVERLAY!, process.env.E2E_SECRETS!];

/** What is not followed as it stands, and why. */
const elsewhere: [heading: string, part: string, why: string][] = [
  ['Build the images', 'docker build', 'there is no container engine here: scripts/cluster builds the same content'],
  ['Prove the walls', 'network-self-test', 'this cluster enforces no policy: T32 of running.spec.ts has the self-test find that out'],
  ['Take it away', 'helm uninstall', 'helm, clouds and kind'],
];
const followed: [heading: string, part: string][] = [
  ['Deploy: two commands', 'cat > secrets.env'],
  ['Deploy: two commands', 'kubectl apply'],
  ['Deploy: two commands', 'admin-link'],
  ['Backup and restore', 'npm run backup'],
  ['Backup and restore', 'restore.ts'],
  ['Take it away', 'kubectl delete namespace'],
];

test('every command of the operator’s guide that needs no cloud is followed here, or it is said why not', () => {
  const known = new Set([...followed, ...elsewhere].map(([heading, part]) => blockOf(heading, part)));
  expect(blocksOfGuide().filter(({ needsCloud, text }) => !needsCloud && !known.has(text))).toEqual([]);
});

// Seen to fail with the Secret left at the database of later.
test('a backup goes back as the guide says: who is signed in goes on in the files and the server of then', async ({ learner, site, expectedProblems }) => {
  expectedProblems.push(/WebSocket|Connection lost|reconnecting|ERR_|50[0-9]|Failed to fetch|40[0-9]/i);
  const { page, person } = learner;
  const folder = mkdtempSync(join(tmpdir(), 'lectern-backup-'));
  const backup = join(folder, 'lectern.backup');
  try {
    await openLesson(learner, site);
    const cell = await addCodeCell(page, `kept = 'of then'\nprint(kept)`);
    await run(cell);
    await expect(outputOf(cell)).toContainText('of then', { timeout: 60_000 });
    await saved(page);
    const server = await liveServer(person);

    const database = process.env.E2E_DATABASE_URL!;
    await follow(blockOf('Backup and restore', 'npm run backup'), [['postgresql://...', database], ['lectern-$(date +%F).backup', backup]]);
    await addCodeCell(page, `print('of later')`);
    await saved(page);

    const address = /^DATABASE_URL=(.+)$/m.exec(await follow(`cat ${secrets}`, []))![1]!;
    const restored = (url: string) => Object.assign(new URL(url), { pathname: '/restored' }).href;
    await follow(blockOf('Backup and restore', 'restore.ts'), [
      ['postgresql://.../restored', restored(address)],
      ['lectern-2026-11-23.backup', backup],
      ['# DATABASE_URL in secrets.env names the restored one from now on.', `sed -i 's|^DATABASE_URL=.*|DATABASE_URL=${restored(address)}|' secrets.env`],
      ['secrets.env', secrets],
      ['k8s/examples/own-site', overlay],
    ]);
    process.env.E2E_DATABASE_URL = restored(database);
    await explained(kubectl(['-n', 'lectern', 'rollout', 'status', ...PROGRAMS, LIMIT]));

    await page.reload();
    await expect(page.getByText('Ready', { exact: true })).toBeVisible({ timeout: 120_000 });
    await expect(page.locator('main')).toContainText(`kept = 'of then'`);
    await expect(page.locator('main')).not.toContainText('of later');
    expect(await liveServer(person)).toEqual(server);
    const next = await addCodeCell(page, `print(kept, 'and now')`);
    await run(next);
    await expect(outputOf(next)).toContainText('of then and now', { timeout: 60_000 });
    await saved(page);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

// The last: nothing runs after it. Seen to fail with priority classes left out of the guide's command.
test('taken away as the guide says, nothing of it is left in the cluster', async () => {
  const places = new Set(render('overlays/local').map(({ kind, metadata }) => (metadata.namespace ? `Namespace/${metadata.namespace}` : `${kind}/${metadata.name}`)));
  expect([...places].sort()).toEqual(expect.arrayContaining(['Namespace/lectern', 'Namespace/lectern-learners']));
  const left = () => kubectl(['get', ...places, '--ignore-not-found', '-o', 'name']);
  expect((await left()).trim().split('\n')).toHaveLength(places.size);
  await follow(blockOf('Take it away', 'kubectl delete namespace'), []);
  expect(await left()).toBe('');
});
