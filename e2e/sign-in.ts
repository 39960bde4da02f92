import { expect, type Page } from '@playwright/test';
import type { Person } from './people.ts';

/** Signs in by the form, as a person does. */
export async function signIn(page: Page, site: string, person: Pick<Person, 'email' | 'password'>): Promise<void> {
  await page.goto(`${site}/sign-in`);
  await page.getByLabel('E-mail').fill(person.email);
  await page.getByLabel('Password', { exact: true }).fill(person.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page).not.toHaveURL(/\/sign-in/);
}

/** Makes an account by the form, which signs in as well. */
export async function signUp(page: Page, site: string, person: Pick<Person, 'name' | 'email' | 'password'>): Promise<void> {
  await page.goto(`${site}/sign-up`);
  await page.getByLabel('Name').fill(person.name);
  await page.getByLabel('E-mail').fill(person.email);
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Make an account' }).click();
  await expect(page).not.toHaveURL(/\/sign-up/);
}
