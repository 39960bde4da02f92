import { z } from 'zod';
import { normalEmail, type Email } from './email.ts';

/** NFKC, so that the same keys on another keyboard layout give the same password. Refused long before it is hashed if huge. */
const password = z
  .string('Enter a password.')
  .max(512, 'At most 512 characters.')
  .transform((typed) => typed.normalize('NFKC'));

/** A password that is to be set. Length is what counts (NIST SP 800-63B): no rules about signs and digits. */
export const newPassword = password.pipe(z.string().min(10, 'At least 10 characters. A few words are easier to remember than signs.'));

/** A password that is to be tried. */
export const triedPassword = password.pipe(z.string().min(1, 'Enter your password.'));

/** An address as typed, in its normal form. */
export const emailAddress = z
  .string('Enter your e-mail address.')
  .max(320, 'That is too long for an e-mail address.')
  .transform((typed, context): Email => {
    const email = normalEmail(typed);
    if (email) return email;
    context.addIssue({ code: 'custom', message: 'Enter one e-mail address, such as ada@example.org.' });
    return z.NEVER;
  });

export const personName = z.string('Enter your name.').trim().min(1, 'Enter your name.').max(100, 'At most 100 characters.');
