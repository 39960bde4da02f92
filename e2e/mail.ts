import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@playwright/test';

/** The link of the newest mail to the address whose subject matches; waits for the mail. There is no mail server, so mails are files. */
export async function mailedLink(to: string, subject: RegExp): Promise<string> {
  let link: string | undefined;
  await expect.poll(() => (link = find(to, subject)), { message: `a mail to ${to} about ${subject}` }).toBeTruthy();
  return link!;
}

function find(to: string, subject: RegExp): string | undefined {
  const folder = join(process.env.E2E_STATE_DIR!, 'mail');
  for (const name of names(folder).sort().reverse()) {
    const mail = readFileSync(join(folder, name), 'utf8');
    const [head = '', body = ''] = mail.split('\n\n', 1).concat(mail.slice(mail.indexOf('\n\n')));
    if (head.includes(to) && subject.test(/^Subject: (.*)$/m.exec(head)?.[1] ?? '')) return /https?:\/\/\S+/.exec(plain(head, body))?.[0];
  }
  return undefined;
}

/** Long lines arrive folded: a `=` at the end of a line joins it with the next. */
const plain = (head: string, body: string) =>
  /quoted-printable/i.test(head) ? body.replace(/=\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))) : body;

function names(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.eml'));
  } catch {
    return [];
  }
}
