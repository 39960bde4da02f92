import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import yazl from 'yazl';
import { expect, test, type Page } from './fixtures.ts';
import { sql } from './people.ts';

const notebook = (...cells: { cell_type: 'markdown' | 'code'; source: string }[]) =>
  Buffer.from(
    JSON.stringify({
      nbformat: 4,
      nbformat_minor: 5,
      metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } },
      cells: cells.map((cell, index) => ({ ...cell, id: `cell-${index}`, metadata: {}, ...(cell.cell_type === 'code' ? { outputs: [], execution_count: null } : {}) })),
    }),
  );

async function zipOf(files: Record<string, Buffer>): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  for (const [name, bytes] of Object.entries(files)) zip.addBuffer(bytes, name);
  zip.end();
  return buffer(zip.outputStream);
}

const choose = (page: Page, files: { name: string; buffer: Buffer }[]) => page.getByLabel('Files of the course').setInputFiles(files.map((file) => ({ ...file, mimeType: 'application/octet-stream' })));

test('an instructor mends what the dry run names, makes a course from a zip, arranges it, looks at it and publishes it', async ({ instructor, learner, site, expectedProblems }) => {
  // The answers to a refused upload and to a draft nobody else may see.
  expectedProblems.push(/status of 404/);
  const { page } = instructor;
  const name = `Trees ${randomBytes(4).toString('hex')}`;
  const slug = name.toLowerCase().replace(' ', '-');
  const files = {
    [`${name}/2-later/1-leaves.ipynb`]: notebook({ cell_type: 'markdown', source: '# Leaves\nSee ![oak](oak.png)' }),
    [`${name}/1-first/1-roots.ipynb`]: notebook({ cell_type: 'markdown', source: '# Roots' }, { cell_type: 'code', source: 'print(open("data.csv").read())' }),
    [`${name}/1-first/data.csv`]: Buffer.from('a,b\n1,2\n'),
  };

  await page.goto(`${site}/teach`);
  await page.getByRole('link', { name: 'New course' }).click();
  await choose(page, [{ name: `${name}.zip`, buffer: await zipOf({ ...files, [`${name}/1-first/2-broken.ipynb`]: Buffer.from('{"nbformat": 4,\n oops') }) }]);
  await expect(page.getByText('One thing must be mended first')).toBeVisible();
  await expect(page.getByText('1-first/2-broken.ipynb, line 2, column 2')).toBeVisible();
  await expect(page.getByRole('listitem').filter({ hasText: '“oak.png” is not among the uploaded files.' })).toContainText('2-later/1-leaves.ipynb, cell 1');
  await expect(page.getByRole('button', { name: 'Make this course' })).toHaveCount(0);

  await page.getByRole('button', { name: 'Choose other files' }).click();
  await choose(page, [{ name: `${name}.zip`, buffer: await zipOf(files) }]);
  await expect(page.getByText('Ready, with one warning')).toBeVisible();
  await page.getByRole('button', { name: 'Make this course' }).click();
  await expect(page).toHaveURL(`${site}/teach/${slug}`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(name);
  expect((await learner.page.goto(`${site}/courses/${slug}`))?.status()).toBe(404);

  // By keyboard alone: the buttons are the way to move things.
  await page.getByRole('button', { name: 'Move Leaves up' }).press('Enter');
  await expect(page.getByText('No lesson left here.')).toBeVisible();
  await page.getByRole('button', { name: 'Rename Roots' }).press('Enter');
  await page.getByLabel('Title of the lesson').fill('Roots and water');
  await page.getByLabel('Title of the lesson').press('Enter');
  await expect(page.getByRole('link', { name: 'Roots and water' })).toBeVisible();
  await page.getByLabel('Summary').fill('How trees drink.');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved', { exact: true }).first()).toBeVisible();

  await page.getByRole('link', { name: 'Roots and water' }).click();
  await expect(page).toHaveURL(`${site}/courses/${slug}/roots`);
  await expect(page.getByText('data.csv').first()).toBeVisible();

  await page.goto(`${site}/teach/${slug}`);
  await page.getByRole('button', { name: 'Publish' }).click();
  await expect(page.getByText('Published', { exact: true })).toBeVisible();

  await learner.page.goto(`${site}/courses/${slug}`);
  await expect(learner.page.getByText('How trees drink.')).toBeVisible();
  await expect(learner.page.getByRole('main').getByRole('listitem')).toContainText(['First', 'Roots and water', 'Leaves']);

  await page.getByRole('button', { name: 'Delete Leaves' }).click();
  await page.getByRole('button', { name: 'Delete lesson' }).click();
  await expect(page.getByRole('link', { name: 'Leaves' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Unpublish' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Unpublish' }).click();
  await expect(page.getByText('Draft', { exact: true }).first()).toBeVisible();
  expect((await learner.page.goto(`${site}/courses/${slug}`))?.status()).toBe(404);
});

test('several notebooks chosen together become one course', async ({ instructor: { page }, site }) => {
  await page.goto(`${site}/teach/new`);
  await choose(page, [
    { name: '2-b.ipynb', buffer: notebook({ cell_type: 'markdown', source: '# Second' }) },
    { name: '1-a.ipynb', buffer: notebook({ cell_type: 'markdown', source: '# First' }) },
  ]);
  await expect(page.getByText('No problem was found.')).toBeVisible();
  await page.getByRole('button', { name: 'Make this course' }).click();
  await expect(page).toHaveURL(/\/teach\/new-course/);
  await expect(page.getByRole('main').getByRole('listitem').getByRole('link')).toHaveText(['First', 'Second']);
});

// Seen to fail without the question in the use case: the forged form was answered with "Saved".
test('T26 an instructor chooses what a course’s servers are made from, and what was not offered is refused', async ({ instructor, admin, site }) => {
  const { page, person } = instructor;
  await page.goto(`${site}/teach/new`);
  await choose(page, [{ name: `servers-${randomBytes(4).toString('hex')}.ipynb`, buffer: notebook({ cell_type: 'code', source: '1 + 1' }) }]);
  await page.getByRole('button', { name: 'Make this course' }).click();
  await expect(page).toHaveURL(/\/teach\/servers-/);
  const slug = page.url().split('/').at(-1)!;
  const chosen = async () => (await sql<{ profile: string | null }>('SELECT profile FROM course WHERE slug = $1', [slug]))[0]?.profile;

  await expect(page.getByRole('radio')).toHaveCount(2);
  await expect(page.getByRole('radio', { name: 'Standard' })).toBeChecked();
  await page.getByRole('radio', { name: 'Roomy' }).check();
  await page.getByRole('button', { name: 'Use these servers' }).click();
  await expect(page.getByText('Saved: servers started from now on').first()).toBeVisible();
  expect(await chosen()).toBe('roomy');
  await page.reload();
  await expect(page.getByRole('radio', { name: 'Roomy' })).toBeChecked();

  await page.getByRole('radio', { name: 'Roomy' }).evaluate((radio: HTMLInputElement) => (radio.value = 'reserved'));
  await page.getByRole('button', { name: 'Use these servers' }).click();
  await expect(page.getByText('Only some people may choose “Reserved”').first()).toBeVisible();
  expect(await chosen()).toBe('roomy');

  // The server that starts next is such a one, and admins see it.
  await page.goto(`${site}/courses/${slug}`);
  await page.getByRole('main').getByRole('listitem').getByRole('link').first().click();
  const profileOf = () => sql<{ profile: string }>(`SELECT s.profile FROM server s JOIN workspace w ON w.id = s.workspace_id WHERE w.user_id = $1`, [person.id]);
  await expect.poll(profileOf).toEqual([{ profile: 'roomy' }]);
  await admin.page.goto(`${site}/admin`);
  await expect(admin.page.getByRole('region', { name: 'Servers by profile' }).getByRole('row')).toContainText(['Profile', 'Standard', 'Roomy', 'Reserved']);
  await expect(admin.page.getByRole('region', { name: 'Live servers' }).getByRole('row').filter({ hasText: person.email })).toContainText('Roomy');

  await admin.page.goto(`${site}/teach/${slug}`);
  await expect(admin.page.getByRole('radio')).toHaveCount(3);
});

// Seen to fail, each, with the page for uploads open to all, with every course open to whoever may make one, and with uploads taken from all.
test('T26 learners and instructors of other courses neither see nor reach what is not theirs to teach', async ({ learner, instructor, site, expectedProblems }) => {
  expectedProblems.push(/status of 40[34]/);
  for (const path of ['/teach', '/teach/new', '/teach/python-basics']) expect([path, (await learner.page.goto(site + path))?.status()]).toEqual([path, 404]);
  expect((await instructor.page.goto(`${site}/teach/python-basics`))?.status()).toBe(404);

  await learner.page.goto(site);
  for (const path of ['/api/courses', '/api/courses/check']) {
    expect([path, await learner.page.evaluate(async (address) => (await fetch(address, { method: 'POST', body: '[{"name":"a.ipynb","size":2}]\n{}' })).status, path)]).toEqual([path, 403]);
  }
});
