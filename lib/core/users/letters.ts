import type { Email } from './email.ts';
import { mails, type Mailer } from './mail.ts';
import type { LinkPurpose, OneTimeLinks } from './links.ts';

type Deps = {
  links: OneTimeLinks;
  mailer: Mailer;
  site: URL;
  /** Runs work that nobody waits for; its failure is logged. */
  background: (work: () => Promise<void>) => void;
};

/**
 * The mails, each with a link in it. Those that anybody may ask for return at once and work behind, so that the time of an
 * answer does not tell whether an address is known.
 */
export interface Letters {
  verify(to: Email): void;
  reset(to: Email): void;
  signIn(to: Email): void;
  /**
   * Its link is the page on which anybody may sign up: whoever has the address proves it there. Resolves once the mail is handed over,
   * for an admin waits for the answer. @throws UpstreamError when the mail server refuses it
   */
  invite(to: Email): Promise<void>;
}

const pages = { verify: '/verify', reset: '/reset', 'sign-in': '/link', admin: '/welcome' } satisfies Record<LinkPurpose, string>;

/** The address of the page on which a secret is used up. */
export function linkTo(site: URL, purpose: LinkPurpose, secret: string): URL {
  const link = new URL(pages[purpose], site);
  link.searchParams.set('token', secret);
  return link;
}

export function makeLetters({ links, mailer, site, background }: Deps): Letters {
  const write = (purpose: LinkPurpose, mail: (to: Email, link: URL) => ReturnType<typeof mails.verify>) => (to: Email) =>
    background(async () => mailer.send(mail(to, linkTo(site, purpose, await links.make(purpose, to)))));
  return { verify: write('verify', mails.verify), reset: write('reset', mails.reset), signIn: write('sign-in', mails.signIn), invite: (to) => mailer.send(mails.invite(to, new URL('/sign-up', site))) };
}
