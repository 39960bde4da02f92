import { createTransport } from 'nodemailer';
import { UpstreamError } from '../../core/errors.ts';
import type { Mailer } from '../../core/users/mail.ts';

/** Mail through a server, `smtp://user:password@host:587` or `smtps://…`. */
export function makeSmtpMailer(url: string, from: string): Mailer {
  const transport = createTransport({ url, pool: true, connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000 });
  return {
    async send({ to, subject, text }) {
      try {
        // An object, not a string: nothing in the address can be read as a second one.
        await transport.sendMail({ from, to: { name: '', address: to }, subject, text });
      } catch (cause) {
        throw new UpstreamError('mail', 'sending', cause);
      }
    },
    close: () => transport.close(),
  };
}
