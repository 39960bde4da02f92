import type { Email } from './email.ts';

export type LinkPurpose = 'verify' | 'reset' | 'sign-in' | 'admin';

/** How long a link holds, in seconds. */
export const linkLifetimeS: Record<LinkPurpose, number> = { verify: 24 * 3600, reset: 3600, 'sign-in': 900, admin: 24 * 3600 };

/**
 * How many unused links of an address work at once: more than strangers can have sent in a lifetime of one (`limits.mailUnslowed`
 * and `mailSlowed`), so that none of theirs ends the one its owner is about to open. The first start's link is printed, not asked for.
 */
export const liveLinks: Record<LinkPurpose, number> = { verify: 12, reset: 12, 'sign-in': 12, admin: 1 };

/** Secrets that work once, sent by mail or printed at the first start. Only their hashes are kept. */
export interface OneTimeLinks {
  /** Makes a secret for the address. Earlier ones for the same purpose go on working, the newest `liveLinks` of them. */
  make(purpose: LinkPurpose, email: Email): Promise<string>;
  /** Uses the secret up. @returns whose it was; undefined when it is unknown, used, or too old */
  take(purpose: LinkPurpose, secret: string): Promise<Email | undefined>;
  /** Whose the secret is, as `take`, and leaves it as it is. */
  whose(purpose: LinkPurpose, secret: string): Promise<Email | undefined>;
  /** Ends what was sent to the address and not used. */
  revoke(email: Email): Promise<void>;
}
