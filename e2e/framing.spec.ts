import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from './fixtures.ts';
import { codeCell, course, enrol, lessons, ran, run } from './lesson.ts';
import { addPerson, endServersOf } from './people.ts';
import { signIn } from './sign-in.ts';

/** A page of somebody else's. */
async function startForeign(pages: Record<string, string>) {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/html').end(`<link rel="icon" href="data:,">${pages[request.url ?? ''] ?? ''}`);
  }).listen(0);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

// Seen to fail with `frame-ancestors` left out of the site's policy, and out of the gateway's alone: what it should keep is shown.
test('T13 a foreign page shows neither the site nor a notebook', async ({ learner: { page, person, context }, site, expectedProblems }) => {
  expectedProblems.push(/frame-ancestors|status of 403/);
  await enrol(person);
  const [first] = await lessons();
  const connecting = page.waitForEvent('websocket', (socket) => socket.url().includes('/channels'));
  await page.goto(`${site}/courses/${course}/${first!.slug}`);
  await run(codeCell(page));
  await ran(codeCell(page));
  const { origin } = new URL((await connecting).url().replace(/^ws/, 'http'));
  const foreign = await startForeign({ '/': `<iframe name="own" src="/own"></iframe><iframe name="site" src="${site}/"></iframe><iframe name="lab" src="${origin}/lab"></iframe>`, '/own': 'shown' });
  const other = await context.newPage();
  await other.goto(`http://127.0.0.1:${foreign.port}/`);
  await expect(other.frameLocator('iframe[name=own]').getByText('shown')).toBeVisible();
  for (const name of ['site', 'lab']) await expect.poll(() => other.frame({ name })?.url(), { message: name }).toBe('chrome-error://chromewebdata/');
  await other.close();
  await foreign.close();
});

// Notebooks are the same site as the site. Were they another one, JupyterLab would have no storage and load itself for ever.
test('T13 JupyterLab is shown and can be used where the cookies of others are blocked', async ({ playwright, site }, { project }) => {
  const profile = mkdtempSync(join(tmpdir(), 'lectern-profile-'));
  mkdirSync(join(profile, 'Default'));
  writeFileSync(join(profile, 'Default/Preferences'), JSON.stringify({ profile: { cookie_controls_mode: 1, block_third_party_cookies: true } }));
  const person = await addPerson();
  const storage = '<p id="said"></p><script>try { localStorage.length; said.textContent = "storage" } catch { said.textContent = "blocked" }</script>';
  const foreign = await startForeign({ '/frame': storage });
  const around = await startForeign({ '/': `<iframe src="http://localhost:${foreign.port}/frame"></iframe>` });
  const context = await playwright.chromium.launchPersistentContext(profile, project.use.launchOptions);
  try {
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${around.port}/`);
    await expect(page.frameLocator('iframe').locator('#said'), 'the setting is in force').toHaveText('blocked');

    await signIn(page, site, person);
    await enrol(person);
    const [first] = await lessons();
    await page.goto(`${site}/courses/${course}/${first!.slug}`);
    await run(codeCell(page));
    await ran(codeCell(page));
    await page.getByRole('button', { name: 'Open in JupyterLab' }).click();
    const lab = page.frameLocator('iframe[title^="JupyterLab"]');
    const cell = lab.locator('.jp-Notebook .jp-CodeCell').first();
    // What is run before its kernel is connected is dropped by JupyterLab.
    await expect(lab.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').first()).toBeVisible({ timeout: 90_000 });
    await cell.locator('.cm-content').click({ timeout: 90_000 });
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.insertText('print("used", 6 * 7)');
    await page.keyboard.press('Shift+Enter');
    await expect(cell.locator('.jp-OutputArea-output').first()).toContainText('used 42', { timeout: 60_000 });
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
    await Promise.all([foreign.close(), around.close()]);
    await endServersOf(person);
  }
});
