import { startCanary } from './canary.ts';
import { expect, test } from './fixtures.ts';
import { endReasons } from '../lib/core/servers/reason.ts';
import { addCourse, codeCell, course, enrol, lessons, liveServers, outputOf, ran, ranLesson, run, saved, savedNotebook, write } from './lesson.ts';
import { sql } from './people.ts';
import { pictured } from './pictures.ts';

test('a learner opens a lesson, runs cells, is asked, and finds everything after a reload', async ({ learner: { page, person }, site }) => {
  await enrol(person);
  const [first] = await lessons();
  await page.goto(`${site}/courses/${course}/${first!.slug}`);
  await expect(page.getByRole('heading', { level: 1, name: first!.title }).first()).toBeVisible();
  await pictured(page, 'lesson');

  const cell = codeCell(page);
  await run(cell);
  await ran(cell);
  await expect(outputOf(cell)).not.toBeEmpty();

  await write(page, cell, 'name = input("Your name? ")\nprint("Hello", name)');
  await page.keyboard.press('Control+Enter');
  await page.getByLabel('Your name?').fill('Ada');
  await page.keyboard.press('Enter');
  await ran(cell);
  await expect(outputOf(cell)).toContainText('Hello Ada');
  await saved(page);

  await page.reload();
  await expect(codeCell(page)).toContainText('input("Your name? ")');
  await expect(outputOf(codeCell(page))).toContainText('Hello Ada');
  expect(await savedNotebook(page, person, first!.path)).toContain('Hello Ada');
  expect(await liveServers(person)).toHaveLength(1);
});

// Seen to fail with the first cell alone run.
test('all cells run in their order by one press, and Shift-Enter again and again walks through them', async ({ learner: { page, person }, site }) => {
  const code = (id: string, source: string) => ({ cell_type: 'code', id, metadata: {}, source, outputs: [], execution_count: null });
  const slug = await addCourse([code('one', 'seen = [1]\nprint(seen)'), { cell_type: 'markdown', id: 'two', metadata: {}, source: 'Between.' }, code('three', 'seen.append(3)\nprint(seen)'), code('four', 'seen.append(4)\nprint(seen)')]);
  await enrol(person, slug);
  await page.goto(`${site}/courses/${slug}/one`);
  const [one, three, four] = [codeCell(page), codeCell(page, 1), codeCell(page, 2)];
  await page.getByRole('button', { name: 'Run all cells' }).click();
  for (const [cell, said] of [[one, '[1]'], [three, '[1, 3]'], [four, '[1, 3, 4]']] as const) {
    await ran(cell);
    await expect(outputOf(cell)).toHaveText(said);
  }

  await write(page, one, 'seen = ["anew"]\nprint(seen)');
  await page.keyboard.press('Shift+Enter');
  await expect(page.getByRole('region', { name: 'Text cell 2' })).toBeFocused();
  await expect(outputOf(one)).toHaveText("['anew']");
  await page.keyboard.press('Shift+Enter');
  await expect(three).toBeFocused();
  await page.keyboard.press('Shift+Enter');
  await expect(four).toBeFocused();
  await expect(outputOf(three)).toHaveText("['anew', 3]");
  await expect(outputOf(four)).toHaveText('[1, 3, 4]');
});

// The first screen comes first. Seen to fail with the rest never asked for.
test('a lesson that is opened by its link runs at once, and all its cells are there a moment later', async ({ learner: { page, person }, site }) => {
  await enrol(person);
  const [first] = await lessons();
  await page.goto(`${site}/courses/${course}`);
  await page.locator(`a[href$="/courses/${course}/${first!.slug}"]`).first().click();
  await run(codeCell(page));
  await ran(codeCell(page));
  const cells = page.getByRole('region', { name: /^(Code|Text) cell/ });
  const { cells: all } = JSON.parse(await savedNotebook(page, person, first!.path)) as { cells: unknown[] };
  await expect(cells).toHaveCount(all.length);
  await page.reload();
  await expect(cells).toHaveCount(all.length);
});

// The colour was seen to fail with another red.
test('everything a cell can put out is shown', async ({ learner: { page, person }, site }) => {
  await enrol(person);
  const [first] = await lessons();
  await page.goto(`${site}/courses/${course}/${first!.slug}`);
  const cell = codeCell(page);
  const output = outputOf(cell);
  let runs = 0;
  const show = async (code: string) => {
    await write(page, cell, code);
    await page.keyboard.press('Control+Enter');
    await expect(cell.locator('.nb-count')).toHaveText(String(++runs), { timeout: 60_000 });
    await ran(cell);
  };

  await show('for i in range(3):\n    print(f"{i}0%", end="\\r")\nprint("\\x1b[31mred\\x1b[0m")');
  await expect(output).toHaveText('red');
  // --ansi-red by day.
  await expect(output.locator('span', { hasText: 'red' })).toHaveCSS('color', 'rgb(179, 38, 30)');

  await show('1/0');
  await expect(output).toContainText('ZeroDivisionError');

  await show('import pandas as pd\npd.DataFrame({"a": [1, 2]})');
  await expect(output.getByRole('cell', { name: '2' })).toBeVisible();

  await show('from IPython.display import Math, Image, HTML, display, clear_output\ndisplay(Math("x^2"))');
  await expect(output.locator('.katex').first()).toBeVisible();

  await show('import matplotlib.pyplot as plt\nplt.plot([1, 2]);plt.show()');
  await expect(output.getByRole('img')).toBeVisible();

  await show('h = display("before", display_id=True)\nh.update("after")');
  await expect(output).toContainText('after');
  await expect(output).not.toContainText('before');

  await show('print("gone")\nclear_output(wait=True)\nprint("here")');
  await expect(output).toHaveText('here');

  await show('HTML("<p id=made></p><script>document.getElementById(\'made\').textContent = \'by a script \' + origin</script>")');
  await expect(output.frameLocator('iframe').getByText('by a script null')).toBeVisible();
});

test('a plotly figure is drawn in the output frame, and the cell can be edited on', async ({ learner: { page, person }, site }) => {
  await enrol(person);
  const [first] = await lessons();
  await page.goto(`${site}/courses/${course}/${first!.slug}`);
  const cell = codeCell(page);
  const figure = '{"application/vnd.plotly.v1+json": {"data": [{"type": "bar", "y": [1, 3, 2]}], "layout": {"title": {"text": "Three bars"}}}}';
  await write(page, cell, `from IPython.display import display\ndisplay(${figure}, raw=True)`);
  await page.keyboard.press('Control+Enter');
  await expect(outputOf(cell).frameLocator('iframe').getByText('Three bars')).toBeVisible({ timeout: 60_000 });
  await ran(cell);

  // The frame takes nothing from the editor above it.
  await write(page, cell, 'impor');
  await page.keyboard.press('Control+Space');
  const completions = page.getByRole('listbox', { name: 'Completions' });
  await expect(completions).toContainText('import', { timeout: 30_000 });
  await page.keyboard.press('Escape');
  await expect(completions).toBeHidden();
  await page.keyboard.type('tant = 6 * 7');
  await expect(cell.locator('.cm-content')).toHaveText('important = 6 * 7');
  // The first Escape may be taken by completions that opened of themselves.
  await expect(async () => {
    await page.keyboard.press('Escape');
    await expect(cell).toBeFocused({ timeout: 1_000 });
  }).toPass({ timeout: 30_000 });
  await cell.locator('.cm-content').click();
  await page.keyboard.type('#');
  await expect(cell.locator('.cm-content')).toContainText('#');
});

// Seen to fail without `listening` of connection.client.ts, which reads the output log.
test('lines printed while the page is reloaded are all there after it', async ({ learner: { page, person }, site }) => {
  // What is printed while no page listens comes from the output log alone.
  await enrol(person);
  const [first] = await lessons();
  await page.goto(`${site}/courses/${course}/${first!.slug}`);
  await write(page, codeCell(page), 'import time\nfor i in range(60):\n    print("line", i, flush=True)\n    time.sleep(0.1)\nprint("end")');
  await page.keyboard.press('Control+Enter');
  await expect(outputOf(codeCell(page))).toContainText('line 5', { timeout: 60_000 });
  await page.reload();
  await expect(outputOf(codeCell(page))).toContainText('end', { timeout: 60_000 });
  const text = await outputOf(codeCell(page)).innerText();
  expect(text.trim().split('\n')).toEqual([...Array.from({ length: 60 }, (_, i) => `line ${i}`), 'end']);
  await ran(codeCell(page));
});

// Seen to fail with another text for the reason.
test('a server that dies is told, and the next run works in a new one', async ({ learner: { page, person }, site }) => {
  await enrol(person);
  const [first] = await lessons();
  await page.goto(`${site}/courses/${course}/${first!.slug}`);
  const cell = codeCell(page);
  await run(cell);
  await ran(cell);
  await saved(page);
  await sql(`UPDATE server SET desired = 'stop', reason = 'admin' WHERE workspace_id IN (SELECT id FROM workspace WHERE user_id = $1) AND state = 'running'`, [person.id]);
  await expect(page.getByRole('status').filter({ hasText: 'Your server has stopped' })).toContainText(endReasons.admin.learner, { timeout: 60_000 });
  await write(page, cell, 'print("a new one")');
  await page.keyboard.press('Control+Enter');
  await ran(cell);
  await expect(outputOf(cell)).toContainText('a new one');
  await expect(page.getByText('Your server has stopped')).toBeHidden();
});

test('two tabs opening a lesson at once share one server and one kernel', async ({ learner: { page, person, context }, site, expectedProblems }) => {
  // Both tabs save what the other ran: the later one is told so, sees that it is the same, and asks nothing.
  expectedProblems.push(/409 \(Conflict\).*\/files\//);
  await enrol(person);
  const [first] = await lessons();
  const other = await context.newPage();
  const address = `${site}/courses/${course}/${first!.slug}`;
  await Promise.all([page.goto(address), other.goto(address)]);
  await write(page, codeCell(page), 'shared = 41');
  await page.keyboard.press('Control+Enter');
  await ran(codeCell(page));
  await saved(page);
  await write(other, codeCell(other, 1), 'print(shared + 1)');
  await other.keyboard.press('Control+Enter');
  await expect(outputOf(codeCell(other, 1))).toContainText('42', { timeout: 60_000 });
  // Each tab takes what the other saved: nobody is asked to choose.
  for (const tab of [page, other]) {
    await ran(codeCell(tab, 1));
    await saved(tab);
    await expect(outputOf(codeCell(tab, 1))).toContainText('42');
    await expect(tab.getByRole('alertdialog')).toHaveCount(0);
  }
  expect(await liveServers(person)).toHaveLength(1);
});

test('a stale save offers both versions, and keeping mine keeps it', async ({ learner: { page, person }, site, expectedProblems }) => {
  expectedProblems.push(/409/);
  const first = await ranLesson({ page, person }, site);
  const [file] = await sql<{ workspace: string; revision: number }>('SELECT workspace_id AS workspace, revision FROM file WHERE path = $1 AND workspace_id IN (SELECT id FROM workspace WHERE user_id = $2)', [first.path, person.id]);
  const theirs = JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [{ cell_type: 'code', id: 'other', metadata: {}, source: '# from another device', outputs: [], execution_count: null }] });
  // As another device would; the page's own tab is not told before it saves.
  await write(page, codeCell(page), '# mine');
  const put = await page.evaluate(
    async ([address, revision, body]) => (await fetch(address!, { method: 'PUT', headers: { 'if-match': revision!, 'content-type': 'application/x-ipynb+json' }, body })).status,
    [`/api/workspaces/${file!.workspace}/files/${first.path}`, `"${file!.revision}"`, theirs],
  );
  expect(put).toBe(200);
  const dialog = page.getByRole('alertdialog', { name: /changed elsewhere/ });
  await expect(dialog).toBeVisible({ timeout: 30_000 });
  await expect(dialog).toContainText('# mine');
  await expect(dialog).toContainText('# from another device');
  await dialog.getByRole('button', { name: 'Keep mine', exact: true }).click();
  await saved(page);
  expect(await savedNotebook(page, person, first.path)).toContain('# mine');
});

test('offline work is kept in this browser and saved when the site is back', async ({ learner: { page, person, context }, site, expectedProblems }) => {
  expectedProblems.push(/ERR_INTERNET_DISCONNECTED|Failed to fetch|WebSocket|net::/);
  const first = await ranLesson({ page, person }, site);
  await context.setOffline(true);
  await page.keyboard.press('Escape');
  await write(page, codeCell(page), '# written offline');
  await expect(page.getByText('Offline: kept in this browser')).toBeVisible({ timeout: 30_000 });
  await context.setOffline(false);
  await saved(page);
  expect(await savedNotebook(page, person, first.path)).toContain('# written offline');
});

// Seen to fail with the draft left where the page keeps its own: the first save took it along.
test('offline work that is found again is offered until it is answered, whatever is saved meanwhile', async ({ learner: { page, person }, site }) => {
  const first = await ranLesson({ page, person }, site);
  // As a page leaves it that was closed while the site could not be reached.
  const notebook = JSON.parse(await savedNotebook(page, person, first.path)) as { cells: { cell_type: string; source: string }[] };
  notebook.cells.find(({ cell_type }) => cell_type === 'code')!.source = '# written offline';
  const draft = { user: person.id, lesson: first.id, baseRevision: 1, text: JSON.stringify(notebook), at: Date.now() };
  await page.evaluate(
    (kept) =>
      new Promise<void>((done, fail) => {
        const opening = indexedDB.open('lectern', 1);
        opening.onerror = () => fail(opening.error);
        opening.onsuccess = () => {
          const writing = opening.result.transaction('drafts', 'readwrite');
          writing.objectStore('drafts').put(kept);
          writing.oncomplete = () => (opening.result.close(), done());
          writing.onabort = () => fail(writing.error);
        };
      }),
    draft,
  );

  const offer = page.getByText('Unsaved changes were found in this browser');
  await page.reload();
  await expect(offer).toBeVisible({ timeout: 30_000 });
  await write(page, codeCell(page, 1), '# written later');
  await expect(page.locator('[data-save]')).toHaveAttribute('data-save', 'unsaved');
  await saved(page);
  await page.reload();
  await expect(offer).toBeVisible({ timeout: 30_000 });
  await page.getByRole('button', { name: 'Restore them' }).click();
  await expect(offer).toBeHidden();
  await saved(page);
  await expect.poll(() => savedNotebook(page, person, first.path)).toContain('# written offline');
  await page.reload();
  await saved(page);
  await expect(offer).toBeHidden();
});

// Seen to fail with a notebook that is read once: what was written was never saved, and nothing said so.
test('where the notebook itself does not arrive, what is written meanwhile is said not to be saved, and is once it has', async ({ learner: { page, person }, site, expectedProblems }) => {
  expectedProblems.push(/net::ERR_FAILED|Failed to fetch/);
  await enrol(person);
  const [first] = await lessons();
  const reading = '**/api/workspaces/*/files/**';
  await page.route(reading, (route) => (route.request().method() === 'GET' ? route.abort() : route.continue()));
  await page.goto(`${site}/courses/${course}/${first!.slug}`);
  await write(page, codeCell(page), '# written before it arrived');
  await expect(page.locator('[data-save]')).toHaveAttribute('data-save', 'unread', { timeout: 30_000 });
  await page.unroute(reading);
  await saved(page);
  const text = await savedNotebook(page, person, first!.path);
  expect(text).toContain('# written before it arrived');
  expect(JSON.parse(text).cells.length, 'the other cells are as they were').toBeGreaterThan(3);
});

// Seen to fail, each, with the origin allowed by both the frame's `sandbox` and its policy's own (with one of the two left it passes), with `default-src *` in that policy, and with `frame-src *` in the page's.
test('T14 an output frame reaches neither network nor parent nor another cell', async ({ learner: { page, person }, site, expectedProblems }) => {
  // The frame's `sandbox` and its content policy hold this, each for what the other does not.
  expectedProblems.push(/Content Security Policy|Refused|SecurityError|violates|Unsafe attempt to initiate navigation/);
  const canary = await startCanary();
  await enrol(person);
  const [first] = await lessons();
  await page.goto(`${site}/courses/${course}/${first!.slug}`);
  const attack = `
    const said = [];
    const attempt = async (name, work) => { try { said.push(name + ':' + await work()); } catch (error) { said.push(name + ':refused'); } };
    (async () => {
      await attempt('parent', () => parent.document.title);
      await attempt('storage', () => localStorage.length);
      await attempt('cookie', () => document.cookie);
      await attempt('fetch', () => fetch('${canary.address}/').then((r) => r.status));
      await attempt('site', () => fetch('${site}/api/auth/session').then((r) => r.status));
      await attempt('top', () => { top.location = '${canary.address}/top'; return 'went'; });
      new Image().src = '${canary.address}/image';
      document.getElementById('said').textContent = said.join(' ');
      addEventListener('click', () => { location = '${canary.address}/self'; });
    })();`;
  await write(page, codeCell(page), `from IPython.display import HTML\nHTML('''<p id="said"></p><script>${attack}</script>''')`);
  await page.keyboard.press('Control+Enter');
  const said = outputOf(codeCell(page)).frameLocator('iframe').locator('#said');
  await expect(said).toHaveText('parent:refused storage:refused cookie:refused fetch:refused site:refused top:refused', { timeout: 60_000 });
  // The frame may try to go elsewhere itself: the page's frame-src holds it.
  const held = page.waitForEvent('console', (message) => message.text().includes('frame-src'));
  await said.click();
  await held;
  expect(page.url()).toContain(first!.slug);
  expect(canary.heard).toEqual([]);
  // It would have heard.
  await page.goto(`${canary.address}/open`);
  expect(canary.heard).toContain('/open');
  await canary.close();
});

test('another learner sees nothing of the first', async ({ learner, otherLearner, site, expectedProblems }) => {
  expectedProblems.push(/40[134]/);
  const [first] = await lessons();
  for (const { page, person } of [learner, otherLearner]) {
    await enrol(person);
    await page.goto(`${site}/courses/${course}/${first!.slug}`);
  }
  await write(learner.page, codeCell(learner.page), 'secret = "of the first"\nprint(secret)');
  await learner.page.keyboard.press('Control+Enter');
  await ran(codeCell(learner.page));
  await saved(learner.page);
  await write(otherLearner.page, codeCell(otherLearner.page), 'print("secret" in globals())');
  await otherLearner.page.keyboard.press('Control+Enter');
  await expect(outputOf(codeCell(otherLearner.page))).toContainText('False', { timeout: 60_000 });
  const [workspace] = await sql<{ id: string }>('SELECT id FROM workspace WHERE user_id = $1', [learner.person.id]);
  expect(await otherLearner.page.evaluate(async (address) => (await fetch(address)).status, `/api/workspaces/${workspace!.id}/files/${first!.path}`)).toBe(404);
});
