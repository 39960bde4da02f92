import { expect, test } from './fixtures.ts';

test('a menu works by keyboard alone', async ({ visitor: { page }, site }) => {
  await page.goto(site);
  const button = page.getByRole('button', { name: 'Light or dark' });
  const menu = page.getByRole('menu', { name: 'Theme' });
  const [first, second, last] = ['As the system', 'Light', 'Dark'].map((name) => menu.getByRole('menuitemradio', { name }));
  // Pressed again until the page has come to life.
  await expect(async () => {
    await button.focus();
    await page.keyboard.press('Enter');
    await expect(menu).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await expect(first!).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await expect(last!).toBeFocused();
  await page.keyboard.press('l');
  await expect(second!).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(menu).toBeHidden();
  await expect(button).toBeFocused();

  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await expect(menu).toBeHidden();
  await expect(button).toBeFocused();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');

  await page.keyboard.press('ArrowDown');
  await expect(menu).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(menu).toBeHidden();
  await expect(page.getByRole('link', { name: 'Sign in' }).first()).toBeFocused();
  await button.click();
  await expect(menu).toBeVisible();
  await page.mouse.click(5, 400);
  await expect(menu).toBeHidden();
});
