import { randomBytes } from 'node:crypto';
import { expect, test, type Page } from './fixtures.ts';
import { liveServer, openLesson } from './lesson.ts';
import { mailedLink } from './mail.ts';
import { addPerson, sql } from './people.ts';
import { pictured } from './pictures.ts';
import { signIn, signUp } from './sign-in.ts';

/** Asked by the page itself, with its cookies. */
const statusOf = (page: Page, path: string) => page.evaluate(async (address) => (await fetch(address)).status, path);

test('an admin sees every server and the last hour, and the page follows what happens', async ({ admin: { page }, site }) => {
  await page.goto(`${site}/admin`);
  const live = page.getByRole('region', { name: 'Live servers' });
  await expect(live.getByRole('row').filter({ hasText: 'pool' }).filter({ hasText: 'warm' }).first()).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole('img', { name: /Waiting in the queue/ })).toBeVisible();
  await expect(page.getByRole('img', { name: /Start time/ })).toBeVisible();
  await pictured(page, 'admin');

  // The pool makes another in the place of one that is stopped.
  const ids = () => live.getByRole('row').filter({ hasText: 'pool' }).locator('td:first-child').allInnerTexts();
  const [first] = await ids();
  await live.getByRole('row').filter({ hasText: first! }).getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByRole('region', { name: 'Ended servers' }).getByRole('row').filter({ hasText: first! })).toContainText('stopped by an admin', { timeout: 30_000 });
  await expect(live.getByRole('row').filter({ hasText: 'warm' }).first()).toBeVisible({ timeout: 60_000 });
  expect(await ids()).not.toContain(first);
});

// Seen to fail with a start that only says it is one.
test('a learner’s server is told with owner, age, idleness and memory, and one that ended is started again', async ({ admin: { page }, learner, site }) => {
  await openLesson(learner, site);
  await page.goto(`${site}/admin`);
  await expect(page.getByRole('img', { name: /^Servers/ })).toBeVisible();
  const row = (which: string) => page.getByRole('region', { name: which }).getByRole('row').filter({ hasText: learner.person.email });
  const live = row('Live servers');
  await expect(live).toContainText('running', { timeout: 60_000 });
  await expect(live).toContainText(learner.person.name);
  await expect(live.getByRole('cell', { name: /^\d+ MB$/ })).toBeVisible({ timeout: 60_000 });
  await expect(live.getByRole('cell', { name: /^\d+ s$/ })).toHaveCount(2);
  const first = await liveServer(learner.person);
  await live.getByRole('button', { name: 'Stop' }).click();
  await expect(row('Ended servers')).toContainText('stopped by an admin', { timeout: 60_000 });
  await row('Ended servers').getByRole('button', { name: 'Start' }).click();
  await expect(live).toContainText('running', { timeout: 60_000 });
  const second = await liveServer(learner.person);
  expect(second).toMatchObject({ state: 'running' });
  expect(second!.id).not.toBe(first!.id);
});

// What the controller finds out and writes is tested where it does; here its row is written as on a machine without bubblewrap and groups.
test('an admin is told which limits servers here are not held to, and the mend', async ({ admin: { page }, site }) => {
  const [before] = await sql<{ shortfalls: string }>(`SELECT shortfalls::text FROM lease WHERE name = 'controller'`);
  const set = (shortfalls: object[] | string) => sql(`UPDATE lease SET shortfalls = $1 WHERE name = 'controller'`, [typeof shortfalls === 'string' ? shortfalls : JSON.stringify(shortfalls)]);
  try {
    await set([]);
    await page.goto(`${site}/admin`);
    await expect(page.getByRole('region', { name: 'Live servers' })).toBeVisible();
    await expect(page.getByText('The mend:')).toHaveCount(0);
    // The page follows: nobody has to load it anew.
    await set([{ lacks: 'memory', mend: 'Start Lectern as root.' }]);
    await expect(page.getByText('Servers are not held to all of their limits here')).toBeVisible();
    await expect(page.getByText('Memory is only looked at once a second')).toBeVisible();
    await expect(page.getByText('The mend: Start Lectern as root.')).toBeVisible();
    await set([{ lacks: 'sandbox', mend: 'apt install bubblewrap' }, { lacks: 'disk', mend: 'apt install bubblewrap' }]);
    await expect(page.getByText('There is no sandbox for servers here')).toBeVisible();
    await expect(page.getByText('The mend: apt install bubblewrap')).toHaveCount(1);
  } finally {
    await set(before!.shortfalls);
  }
});

test('an admin bans a person, who is signed out at once and may come back when the ban is lifted', async ({ admin, learner, site }) => {
  const person = learner.person;
  await admin.page.goto(`${site}/admin/people?q=${encodeURIComponent(person.email)}`);
  const row = admin.page.getByRole('row').filter({ hasText: person.email });
  await row.getByRole('button', { name: 'Ban' }).click();
  await expect(row.getByText('banned', { exact: true })).toBeVisible();

  await learner.page.goto(`${site}/account`);
  await expect(learner.page).toHaveURL(/\/sign-in/);

  await row.getByRole('button', { name: 'Lift ban' }).click();
  await expect(row.getByRole('button', { name: 'Ban' })).toBeVisible();
  await signIn(learner.page, site, person);
});

test('an admin makes a learner an instructor', async ({ admin: { page }, site }) => {
  const person = await addPerson();
  await page.goto(`${site}/admin/people?q=${encodeURIComponent(person.email)}`);
  await page.getByLabel(`Role of ${person.email}`).selectOption('instructor');
  await expect(page.getByText('is now instructor').first()).toBeVisible();
  expect(await sql('SELECT role FROM "user" WHERE id = $1', [person.id])).toEqual([{ role: 'instructor' }]);
});

test('an admin invites somebody, who joins by the letter and has the role once the address is confirmed', async ({ admin: { page }, visitor, site }) => {
  const invited = { name: 'Ivy Invited', email: `ivy-${randomBytes(4).toString('hex')}@example.org`, password: randomBytes(12).toString('base64url') };
  await page.goto(`${site}/admin/people`);
  await page.getByLabel('E-mail of the person').fill('no address');
  await page.getByRole('button', { name: 'Invite' }).click();
  await expect(page.getByText('Enter one e-mail address, such as ada@example.org.')).toBeVisible();
  await page.getByLabel('E-mail of the person').fill(invited.email);
  await page.getByLabel('Role', { exact: true }).selectOption('instructor');
  await page.getByRole('button', { name: 'Invite' }).click();
  const open = page.getByRole('list', { name: 'Open invitations' }).getByRole('listitem').filter({ hasText: invited.email });
  await expect(open).toContainText('instructor');

  await visitor.page.goto(await mailedLink(invited.email, /invited/));
  await expect(visitor.page).toHaveURL(/\/sign-up$/);
  await signUp(visitor.page, site, invited);
  // As in another browser.
  await visitor.context.clearCookies();
  await visitor.page.goto(await mailedLink(invited.email, /Confirm/));
  // Whoever only has the letter gets nowhere: somebody else may have signed up under the address.
  await visitor.page.getByLabel('Password').fill('not the password');
  await visitor.page.getByRole('button', { name: 'Confirm and sign in' }).click();
  await expect(visitor.page.getByText('This is not your password.')).toBeVisible();
  await visitor.page.getByLabel('Password').fill(invited.password);
  await visitor.page.getByRole('button', { name: 'Confirm and sign in' }).click();
  await expect(visitor.page).toHaveURL(`${site}/`);
  await visitor.page.goto(`${site}/teach`);
  await expect(visitor.page.getByRole('link', { name: 'Teach' }).first()).toBeVisible();
  await page.reload();
  await expect(open).toHaveCount(0);

  await page.getByLabel('E-mail of the person').fill(`late-${invited.email}`);
  await page.getByRole('button', { name: 'Invite' }).click();
  await page.getByRole('button', { name: `Withdraw the invitation of late-${invited.email}` }).click();
  await expect(page.getByRole('button', { name: /Withdraw the invitation/ })).toHaveCount(0);
});

// Seen to fail, each, without the question for an admin in `overview` and in `setBanned`. Without that in `people` it passes: its page asks for the invitations too, which are asked for the same.
test('T26 admin pages, their data and their actions are for admins alone', async ({ learner, instructor, visitor, admin, site, expectedProblems }) => {
  expectedProblems.push(/40[134]/);
  for (const { page } of [learner, instructor]) {
    for (const path of ['/admin', '/admin/people']) expect((await page.goto(site + path))?.status(), path).toBe(404);
    expect(await statusOf(page, '/api/admin/overview')).toBe(403);
  }
  await visitor.page.goto(`${site}/admin`);
  await expect(visitor.page).toHaveURL(/\/sign-in/);
  expect(await statusOf(visitor.page, '/api/admin/overview')).toBe(401);

  // The action itself, sent as the admin's page sends it but with another person's cookie.
  const victim = await addPerson();
  await admin.page.goto(`${site}/admin/people?q=${encodeURIComponent(victim.email)}`);
  const sent = admin.page.waitForRequest((request) => request.method() === 'POST' && request.headers()['next-action'] !== undefined);
  await admin.page.getByRole('row').filter({ hasText: victim.email }).getByRole('button', { name: 'Ban' }).click();
  const action = (await sent).headers()['next-action']!;
  await expect(admin.page.getByRole('button', { name: 'Lift ban' })).toBeVisible();
  await admin.page.getByRole('button', { name: 'Lift ban' }).click();
  await expect(admin.page.getByRole('button', { name: 'Ban', exact: true })).toBeVisible();

  await learner.page.goto(`${site}/courses`);
  const answer = await learner.page.evaluate(
    async ([id, body]) => (await fetch('/admin/people', { method: 'POST', headers: { 'next-action': id!, 'content-type': 'text/plain;charset=UTF-8', accept: 'text/x-component' }, body })).text(),
    [action, JSON.stringify([{ user: victim.id, banned: true }])],
  );
  expect(answer).not.toContain('"ok":true');
  expect(await sql('SELECT banned_at FROM "user" WHERE id = $1', [victim.id])).toEqual([{ banned_at: null }]);
});
