import { z } from 'zod';
import { line } from '../text.ts';
import { normalEmail, type Email } from './email.ts';
import { PASSWORD_LEAST, PASSWORD_MOST } from './password-rules.ts';

/** NFKC, so that the same keys on another keyboard layout give the same password. Refused long before it is hashed if huge. */
const password = z
  .string('Enter a password.')
  .max(PASSWORD_MOST, `At most ${PASSWORD_MOST} characters.`)
  .transform((typed) => typed.normalize('NFKC'));

/** A password that is to be set. Length is what counts (NIST SP 800-63B): no rules about signs and digits. */
export const newPassword = password.pipe(z.string().min(PASSWORD_LEAST, `At least ${PASSWORD_LEAST} characters. A few words are easier to remember than signs.`));

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

/** In characters. */
export const NAME_LENGTH = 100;

export const personName = line({ most: NAME_LENGTH, empty: 'Enter your name.' });
