import { sayShortage, type Shortage } from '../disk.ts';
import type { Email } from '../users/email.ts';
import { mails, type Mailer } from '../users/mail.ts';
import type { Throttle } from '../users/throttle.ts';

type Deps = { admins: () => Promise<Email[]>; throttle: Pick<Throttle, 'hit'>; mailer: Pick<Mailer, 'send'>; site: URL; background: (work: () => Promise<void>) => void; now?: () => number };

const DAY_S = 24 * 3600;

/** Writes to every admin that the disk is short, once a day over all programs. */
export function makeTellAdmins({ admins, throttle, mailer, site, background, now = Date.now }: Deps) {
  let mailedAt = -Infinity;
  return (shortage: Shortage): void =>
    background(async () => {
      if (now() - mailedAt < DAY_S * 1000) return;
      // Where even the count finds no room each program writes for itself.
      const first = await throttle.hit('mail-of-disk', { count: 1, windowS: DAY_S }).then(({ count }) => count === 1, () => true);
      if (!first) return;
      mailedAt = now();
      await Promise.all((await admins()).map((to) => mailer.send(mails.shortage(to, new URL('/admin', site), sayShortage(shortage)))));
    });
}
