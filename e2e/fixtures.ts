import { test as base, expect, type BrowserContext, type Page } from '@playwright/test';
import { addPerson, endServersOf, type Person, type Role } from './people.ts';
import { signIn } from './sign-in.ts';

export { expect } from '@playwright/test';
export type { Page } from '@playwright/test';

/** A person at a browser of their own, signed in. */
export type Visitor = { person: Person; page: Page; context: BrowserContext };

type Fixtures = {
  site: string;
  /** Patterns of console errors and page errors this test brings about on purpose. Everything else fails it. */
  expectedProblems: RegExp[];
  /** Makes a person and signs them in through the page, in a browser profile of their own. */
  freshUser: (role?: Role) => Promise<Visitor>;
  learner: Visitor;
  otherLearner: Visitor;
  instructor: Visitor;
  admin: Visitor;
  /** A browser profile of nobody's. */
  visitor: { page: Page; context: BrowserContext };
};

type Problems = { watch: (context: BrowserContext) => void };

export const test = base.extend<Fixtures & { problems: Problems }>({
  site: async ({}, give) => give(process.env.E2E_SITE!),
  expectedProblems: async ({}, give) => give([]),

  // Console errors (the browser reports a broken Content-Security-Policy there) and uncaught exceptions.
  problems: async ({ expectedProblems }, give) => {
    const seen: string[] = [];
    await give({
      watch(context) {
        context.on('console', (message) => {
          // A page that came first without the header keeps all of its origin in the process of its siblings.
          const shared = message.text().includes('origin-keyed');
          if (shared || message.type() === 'error') seen.push(`${message.page()?.url() ?? ''}: ${message.text()} (${message.location().url})`);
        });
        context.on('weberror', (error) => seen.push(`uncaught: ${error.error().stack ?? error.error().message}`));
      },
    });
    expect(seen.filter((text) => !expectedProblems.some((pattern) => pattern.test(text)))).toEqual([]);
  },

  visitor: async ({ browser, problems }, give) => {
    const context = await browser.newContext();
    problems.watch(context);
    await give({ context, page: await context.newPage() });
    await context.close();
  },

  freshUser: async ({ browser, site, problems }, give) => {
    const made: Visitor[] = [];
    await give(async (role = 'user') => {
      const person = await addPerson(role);
      const context = await browser.newContext();
      const page = await context.newPage();
      const visitor = { person, page, context };
      made.push(visitor);
      problems.watch(context);
      await signIn(page, site, person);
      return visitor;
    });
    for (const { person, context } of made) {
      await context.close();
      await endServersOf(person);
    }
  },

  learner: async ({ freshUser }, give) => give(await freshUser('user')),
  otherLearner: async ({ freshUser }, give) => give(await freshUser('user')),
  instructor: async ({ freshUser }, give) => give(await freshUser('instructor')),
  admin: async ({ freshUser }, give) => give(await freshUser('admin')),
});
