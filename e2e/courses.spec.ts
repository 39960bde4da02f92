import { expect, test } from './fixtures.ts';
import { addPerson } from './people.ts';

const course = '/courses/python-basics';

test('a visitor finds a course, signs in on the way, enrols and stands in the first lesson', async ({ visitor: { page }, site }) => {
  const person = await addPerson();
  await page.goto(site);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/Run it/);
  await page.getByRole('link', { name: 'Python basics' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Python basics');
  await expect(page.getByRole('listitem').filter({ hasText: 'Hello, Python' }).getByRole('link')).toHaveCount(0);

  await page.getByRole('link', { name: 'Sign in to enrol' }).click();
  await page.getByLabel('E-mail').fill(person.email);
  await page.getByLabel('Password', { exact: true }).fill(person.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page).toHaveURL(site + course);

  await page.getByRole('button', { name: 'Enrol' }).click();
  await page.getByRole('link', { name: 'Start', exact: true }).click();
  await expect(page).toHaveURL(`${site}${course}/hello-python`);
  await expect(page.getByRole('heading', { level: 1 }).first()).toHaveText('Hello, Python');
});

test('the picture and the video of a lesson are there for its learner', async ({ learner: { page }, site }) => {
  await page.goto(site + course);
  await page.getByRole('button', { name: 'Enrol' }).click();
  await page.getByRole('link', { name: 'Hello, Python' }).click();
  const picture = page.getByAltText(/You write a cell and run it/);
  await picture.scrollIntoViewIfNeeded();
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);

  await page.goto(`${site}${course}/lists-and-loops`);
  const video = page.locator('video');
  await video.scrollIntoViewIfNeeded();
  await expect.poll(() => video.evaluate(async (player: HTMLVideoElement) => (player.load(), new Promise((done) => player.addEventListener('loadedmetadata', () => done(player.duration), { once: true }))))).toBeGreaterThan(5);
});

test('the start page leads a learner back to the lesson they were in, and shows nobody else anything of it', async ({ learner, otherLearner, site }) => {
  await learner.page.goto(site);
  await expect(learner.page.getByRole('heading', { name: 'You have not chosen a course yet' })).toBeVisible();
  await learner.page.goto(site + course);
  await learner.page.getByRole('button', { name: 'Enrol' }).click();
  const opened = learner.page.waitForResponse((response) => response.url().endsWith('/open') && response.ok());
  await learner.page.getByRole('link', { name: 'Names and text' }).click();
  await opened;

  await learner.page.goto(site);
  const card = learner.page.getByRole('region', { name: 'Continue' });
  await expect(card).toContainText('Names and text');
  await card.getByRole('link', { name: 'Continue' }).click();
  await expect(learner.page).toHaveURL(`${site}${course}/names-and-text`);

  await otherLearner.page.goto(site);
  await expect(otherLearner.page.getByRole('region', { name: 'Continue' })).toHaveCount(0);
  await otherLearner.page.goto(site + course);
  await expect(otherLearner.page.getByText('Begun')).toHaveCount(0);
});

test('who is not enrolled is led from a lesson to its course, who is not signed in to the sign-in and back', async ({ learner, visitor, site }) => {
  await learner.page.goto(`${site}${course}/hello-python`);
  await expect(learner.page).toHaveURL(site + course);

  const person = await addPerson();
  await visitor.page.goto(`${site}${course}/hello-python`);
  await expect(visitor.page).toHaveURL(/\/sign-in/);
  await visitor.page.getByLabel('E-mail').fill(person.email);
  await visitor.page.getByLabel('Password', { exact: true }).fill(person.password);
  await visitor.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(visitor.page).toHaveURL(site + course);
});
