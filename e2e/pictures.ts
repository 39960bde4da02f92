import { join } from 'node:path';
import type { Page } from '@playwright/test';

const folder = join(import.meta.dirname, '../public/docs');

/** Takes the README's picture of what is seen now, when `LECTERN_SCREENSHOTS=1` asks for it. */
export async function pictured(page: Page, name: string): Promise<void> {
  if (process.env.LECTERN_SCREENSHOTS === '1') await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
}
