import { ok, refuse, type Outcome } from '../errors.ts';
import type { UserId } from '../ids.ts';
import type { Email } from './email.ts';
import { linkTo } from './letters.ts';
import type { OneTimeLinks } from './links.ts';
import type { Membership } from './membership.ts';
import type { PeopleStore } from './person.ts';

/** The account behind the link that `npm run up` prints. */
export const ADMIN_EMAIL = 'admin@lectern.localhost' as Email;

type Deps = { people: PeopleStore; links: OneTimeLinks; membership: Membership };

export const makeAdminLink = ({ people, links, membership }: Deps) => ({
  /** A link that signs in as the site's first admin, once. Making one ends the one before it. */
  make: async (site: URL): Promise<URL> => linkTo(site, 'admin', await links.make('admin', ADMIN_EMAIL)),

  /** Uses it up; the account is made on the first use. */
  async take(secret: string): Promise<Outcome<UserId>> {
    const email = await links.take('admin', secret);
    if (!email) return refuse({ code: 'not_found', say: 'This link has been used, or is too old. Whoever runs this site has a new one printed: npm run up -- --print-admin-link' });
    const made = await people.create({ email, name: 'Admin', role: 'admin', verified: true });
    const admin = made === 'exists' ? await people.byEmail(email) : made;
    if (!admin) throw new Error('the admin account was removed while it signed in');
    // Somebody may have signed up under this address before the first start was over; nobody can have confirmed it.
    if (!admin.verified) await membership.evict(admin.id);
    if (!admin.verified) await people.verify(admin.id);
    if (admin.role !== 'admin' || admin.banned) await people.change(admin.id, { role: 'admin', banned: false });
    return ok(admin.id);
  },
});
