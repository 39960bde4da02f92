import { randomBytes } from 'node:crypto';
import { expect, test } from '../../e2e/fixtures.ts';
import { codeCell, course, liveServers, outputOf, run, saved, savedNotebook, write } from '../../e2e/lesson.ts';
import { endServersOf, sql, type Person } from '../../e2e/people.ts';
import { signUp } from '../../e2e/sign-in.ts';
import { explained, kubectl, LIMIT } from './cluster.ts';

const unclaimed = () => sql<{ id: string; state: string }>(`SELECT id, state FROM server WHERE state IN ('warming', 'warm')`);

/** From now on the pool has one server, or none. */
async function keepWarm(servers: 0 | 1): Promise<void> {
  await kubectl(['-n', 'lectern', 'set', 'env', 'deployment/controller', servers === 0 ? 'LECTERN_POOL_FLOOR=0' : 'LECTERN_POOL_FLOOR-']);
  await explained(kubectl(['-n', 'lectern', 'rollout', 'status', 'deployment/controller', LIMIT]));
  await expect.poll(async () => (await unclaimed()).map(({ state }) => state), { timeout: 120_000 }).toEqual(servers === 0 ? [] : ['warm']);
}
test.afterAll(() => keepWarm(1));

for (const [how, servers] of [['warm', 1], ['cold', 0]] as const) {
  test(`a learner signs up, enrols, runs code that reads the file beside the lesson, and takes its variables to JupyterLab and back (${how})`, async ({ visitor: { page }, site }) => {
    await keepWarm(servers);
    const person = { name: 'Nina New', email: `nina-${randomBytes(4).toString('hex')}@example.org`, password: randomBytes(12).toString('base64url') };
    await signUp(page, site, person);
    const [{ id } = { id: '' }] = await sql<Person>('SELECT id FROM "user" WHERE email = $1', [person.email]);
    const learner: Person = { ...person, id };

    await page.goto(`${site}/courses/${course}`);
    await page.getByRole('button', { name: 'Enrol' }).click();
    const warm = (await unclaimed()).map((row) => row.id);
    expect(warm).toHaveLength(servers);
    await page.getByRole('link', { name: 'Reading a file' }).click();
    const [first, second] = [codeCell(page), codeCell(page, 1)];
    await run(first);
    await expect(outputOf(first)).toContainText('13 lines', { timeout: 60_000 });
    const [server] = await liveServers(learner);
    expect(warm.includes(server!.id)).toBe(how === 'warm');

    await write(page, second, 'kept = "from the page"\nprint("it is kept")');
    await page.keyboard.press('Control+Enter');
    await expect(outputOf(second)).toContainText('it is kept', { timeout: 60_000 });
    await saved(page);
    await page.reload();
    await expect(second).toContainText('from the page');

    await page.getByRole('button', { name: 'Open in JupyterLab' }).click();
    const lab = page.frameLocator('iframe[title^="JupyterLab"]');
    const cell = lab.locator('.jp-Notebook .jp-CodeCell').nth(1);
    await expect(cell).toContainText('from the page', { timeout: 120_000 });
    await expect(lab.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').first()).toBeVisible({ timeout: 60_000 });
    await cell.locator('.cm-content').click();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.insertText('print(kept, "and from the lab")');
    await page.keyboard.press('Shift+Enter');
    await expect(cell.locator('.jp-OutputArea-output').first()).toContainText('from the page and from the lab', { timeout: 60_000 });
    // JupyterLab saves by itself after five seconds: two saves of it at once would only ask which of them counts.
    await expect.poll(() => savedNotebook(page, learner, '3-working-with-data/1-reading-a-file.ipynb'), { timeout: 60_000 }).toContain('and from the lab');
    await page.getByRole('button', { name: 'Back to the lesson' }).click();
    await expect(second).toContainText('and from the lab', { timeout: 60_000 });
    await write(page, second, 'print(kept, "again")');
    await page.keyboard.press('Control+Enter');
    await expect(outputOf(second)).toContainText('from the page again', { timeout: 60_000 });
    await saved(page);
    await endServersOf(learner);
  });
}
