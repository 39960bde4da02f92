import { randomBytes } from 'node:crypto';
import { expect, test } from './fixtures.ts';
import { mailedLink } from './mail.ts';
import { addPerson } from './people.ts';
import { signIn, signUp } from './sign-in.ts';

const accountOf = (name: string) => new RegExp(`Account of ${name}`);
const password = () => randomBytes(12).toString('base64url');

test('a person signs up, confirms the address from the mail, signs out and in again', async ({ visitor: { page }, site }) => {
  const person = { name: 'Nina New', email: `nina-${randomBytes(4).toString('hex')}@example.org`, password: password() };
  await signUp(page, site, person);

  await page.goto(await mailedLink(person.email, /Confirm/));
  await page.getByRole('button', { name: 'Confirm' }).click();
  await expect(page.getByText('Your address is confirmed.')).toBeVisible();

  await page.goto(site);
  await page.getByRole('button', { name: accountOf(person.name) }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('link', { name: 'Sign in' }).first()).toBeVisible();

  await signIn(page, site, person);
  await expect(page.getByRole('button', { name: accountOf(person.name) })).toBeVisible();
});

test('a wrong password is refused, and the page does not tell whether the account exists', async ({ visitor: { page }, site }) => {
  const person = await addPerson();
  const refusals: string[] = [];
  for (const email of [person.email, `nobody-${randomBytes(4).toString('hex')}@example.org`]) {
    await page.goto(`${site}/sign-in`);
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password', { exact: true }).fill('not the password');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    const alert = page.getByRole('main').getByRole('alert');
    await expect(alert).toBeVisible();
    refusals.push(await alert.innerText());
  }
  expect(refusals[0]).toBe(refusals[1]);
});

test('a forgotten password is replaced by a link that works once', async ({ visitor: { page }, site }) => {
  const person = await addPerson();
  await page.goto(`${site}/forgot`);
  await page.getByLabel('E-mail').fill(person.email);
  await page.getByRole('button', { name: 'Send the link' }).click();
  await expect(page.getByText('Look into your mail')).toBeVisible();

  const link = await mailedLink(person.email, /new password/);
  const renewed = password();
  const choose = async () => {
    await page.goto(link);
    await page.getByLabel('New password').fill(renewed);
    await page.getByRole('button', { name: /Set password/ }).click();
  };
  await choose();
  await expect(page).not.toHaveURL(/\/reset/);

  await page.context().clearCookies();
  await signIn(page, site, { email: person.email, password: renewed });

  await page.context().clearCookies();
  await choose();
  await expect(page.getByRole('main').getByRole('alert')).toBeVisible();
});

test('the session cookie is bound to the site alone', async ({ learner: { context }, site }) => {
  const cookies = (await context.cookies(site)).filter(({ name }) => name.includes('session'));
  expect(cookies.length).toBeGreaterThan(0);
  for (const cookie of cookies) {
    expect(cookie.name).toMatch(/^__Host-/);
    expect(cookie).toMatchObject({ httpOnly: true, secure: true, path: '/', domain: new URL(site).hostname });
  }
});

test('the plain loopback name leads to the site', async ({ visitor: { page }, site }) => {
  await page.goto(site.replace('lectern.localhost', 'localhost'));
  expect(new URL(page.url()).origin).toBe(site);
});

// Seen to fail with `nextPath` giving back what it is given. Page and action both ask it: with one of the two left it passes.
test('T19 a sign-in leads to a page of the site and nowhere else', async ({ visitor: { page, context }, site, expectedProblems }) => {
  // What is on the site and means nothing there is a page that is not found.
  expectedProblems.push(/404/);
  const person = await addPerson();
  for (const next of ['//evil.example', '/\\evil.example', 'https:evil.example', 'https://evil.example/', '/%09/evil.example', '\t//evil.example']) {
    await context.clearCookies();
    await page.goto(`${site}/sign-in?next=${encodeURIComponent(next)}`);
    await page.getByLabel('E-mail').fill(person.email);
    await page.getByLabel('Password', { exact: true }).fill(person.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(page).not.toHaveURL(/\/sign-in/);
    expect(new URL(page.url()).origin, next).toBe(site);
  }
});

// WebKitGTK 2.50 keeps a `__Host-` cookie that has a Domain; CI has only engines that do not. Chromium's page is given that engine's answer here,
// and the session of another person as if a notebook had planted it. Seen to fail without the script in the layout: the page was the other person's.
test('T52 a browser that lets a notebook plant a session is refused by name, and shows nobody’s account', async ({ visitor: { page, context }, site }) => {
  const mallory = await addPerson();
  await signIn(page, site, mallory);
  await expect(page.getByRole('button', { name: accountOf(mallory.name) })).toBeVisible();
  await context.addInitScript(() => {
    const cookie = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie')!;
    Object.defineProperty(document, 'cookie', { get: () => cookie.get!.call(document) as string, set: (text: string) => cookie.set!.call(document, text.replace(/; Domain=[^;]*/, '')) });
  });
  for (const path of ['/', '/account']) {
    await page.goto(`${site}${path}`).catch(() => undefined);
    await expect(page.getByText('You cannot sign in with this browser')).toBeVisible();
    await expect(page.getByRole('button', { name: accountOf(mallory.name) })).toBeHidden();
    await expect(page.getByLabel('E-mail')).toBeHidden();
  }
  await page.goto(`${site}/courses`);
  await expect(page.getByRole('link', { name: 'Sign in' }).first()).toBeVisible();
  await expect(page.getByRole('button', { name: accountOf(mallory.name) })).toBeHidden();
});
