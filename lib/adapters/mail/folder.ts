import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UpstreamError } from '../../core/errors.ts';
import type { Mail, Mailer } from '../../core/users/mail.ts';

/**
 * Where there is no mail server each mail becomes an .eml file that only the site's own user may read. `onFile` is told the
 * file's name and nothing else: a mail holds a link that signs somebody in.
 */
export function makeFolderMailer(folder: string, from: string, onFile: (file: string) => void): Mailer {
  return {
    async send(mail) {
      const file = join(folder, `${new Date().toISOString().replaceAll(':', '-')}-${randomBytes(3).toString('hex')}.eml`);
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        // Whole or not there at all, for whoever watches the folder.
        await writeFile(`${file}.part`, message(mail, from), { mode: 0o600 });
        await rename(`${file}.part`, file);
      } catch (cause) {
        throw new UpstreamError('mail', 'writing to the mail folder', cause);
      }
      onFile(file);
    },
  };
}

/** RFC 5322, with the body as it is: the link must be whole for whoever opens the file in an editor. */
const message = ({ to, subject, text }: Mail, from: string): string =>
  [
    `From: ${from}`,
    `To: ${to}`,
    `Subject: ${subject}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${randomUUID()}@lectern>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    text,
  ].join('\n');
