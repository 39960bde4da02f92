import { durationInWords } from '../duration.ts';
import type { Email } from './email.ts';
import { linkLifetimeS, type LinkPurpose } from './links.ts';

export type Mail = { to: Email; subject: string; text: string };

export interface Mailer {
  /** Ends what it keeps open. */
  close?(): void;
  /** Hands the mail over. @throws UpstreamError when the mail server refuses it */
  send(mail: Mail): Promise<void>;
}

const signature = '\n\n--\nLectern\n';

/** What is said of a link wherever one is promised. */
export const worksOnce = (purpose: LinkPurpose) => `It works once, within ${durationInWords(linkLifetimeS[purpose])}`;

/** The mails we send: plain text, one link each, and what it means if it was not you. */
export const mails = {
  verify: (to: Email, link: URL): Mail => ({
    to,
    subject: 'Confirm your e-mail address',
    text: `Open this page to confirm that ${to} is yours:\n\n${link}\n\n${worksOnce('verify')}. If you did not make an account at ${link.host}, ignore this mail.${signature}`,
  }),
  reset: (to: Email, link: URL): Mail => ({
    to,
    subject: 'Choose a new password',
    text: `Open this page to choose a new password:\n\n${link}\n\n${worksOnce('reset')}, and signs you out everywhere. If you did not ask for it, ignore this mail: nothing has changed.${signature}`,
  }),
  signIn: (to: Email, link: URL): Mail => ({
    to,
    subject: 'Your sign-in link',
    text: `Open this page to sign in at ${link.host}:\n\n${link}\n\n${worksOnce('sign-in')}. If you did not ask for it, ignore this mail.${signature}`,
  }),
  shortage: (to: Email, link: URL, said: string): Mail => ({
    to,
    subject: `${link.host} is short of disk space`,
    text: `${said}\n\nHow it stands now:\n\n${link}\n\nThis is said once a day.${signature}`,
  }),
  invite: (to: Email, link: URL): Mail => ({
    to,
    subject: `You are invited to ${link.host}`,
    text: `You are invited to the courses at ${link.host}. Make your account with this address, ${to}, or sign in with it:\n\n${link}\n\nIf you do not know why, ignore this mail.${signature}`,
  }),
};
