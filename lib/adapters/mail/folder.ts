import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { UpstreamError } from '../../core/errors.ts';
import type { Mailer } from '../../core/users/mail.ts';

/**
 * Where there is no mail server each mail becomes an .eml file that only the site's own user may read. `onFile` is told the
 * file's name and nothing else: a mail holds a link that signs somebody in.
 */
export function makeFolderMailer(folder: string, from: string, onFile: (file: string) => void): Mailer {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'unix' });
  return {
    async send({ to, subject, text }) {
      try {
        const { message } = await transport.sendMail({ from, to: { name: '', address: to }, subject, text });
        const file = join(folder, `${new Date().toISOString().replaceAll(':', '-')}-${randomBytes(3).toString('hex')}.eml`);
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await writeFile(file, message as Buffer, { mode: 0o600 });
        onFile(file);
      } catch (cause) {
        throw new UpstreamError('mail', 'writing to the mail folder', cause);
      }
    },
  };
}
