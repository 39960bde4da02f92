import type { Email } from './email.ts';

export type LinkPurpose = 'verify' | 'reset' | 'sign-in' | 'admin';

/** How long a link holds, in seconds. */
export const linkLifetimeS: Record<LinkPurpose, number> = { verify: 24 * 3600, reset: 3600, 'sign-in': 900, admin: 24 * 3600 };

/** Secrets that work once, sent by mail or printed at the first start. Only their hashes are kept. */
export interface OneTimeLinks {
  /** Makes a secret for the address; earlier ones for the same purpose stop working. */
  make(purpose: LinkPurpose, email: Email): Promise<string>;
  /** Uses the secret up. @returns whose it was; undefined when it is unknown, used, or too old */
  take(purpose: LinkPurpose, secret: string): Promise<Email | undefined>;
  /** Whose the secret is, as `take`, and leaves it as it is. */
  whose(purpose: LinkPurpose, secret: string): Promise<Email | undefined>;
  /** Ends what was sent to the address and not used. */
  revoke(email: Email): Promise<void>;
}
