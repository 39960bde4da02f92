import type { Email } from '../../core/users/email.ts';
import type { InvitationStore } from '../../core/users/invitations.ts';
import { reading } from './people.ts';
import type { Prisma } from './prisma.ts';

/** Invitations through Prisma. What one promises is given where its address is confirmed: see makePeopleStore. */
export const makeInvitationStore = (prisma: Prisma): InvitationStore => ({
  async open() {
    const rows = await reading(prisma.invitation.findMany({ where: { acceptedAt: null }, orderBy: [{ createdAt: 'desc' }, { email: 'asc' }] }));
    return rows.map(({ email, role, createdAt }) => ({ email: email as Email, role, createdAt: createdAt.toISOString() }));
  },

  async put(email, role) {
    const open = { role, createdAt: new Date(), acceptedAt: null };
    await reading(prisma.invitation.upsert({ where: { email }, create: { email, ...open }, update: open }));
  },

  async withdraw(email) {
    await reading(prisma.invitation.deleteMany({ where: { email, acceptedAt: null } }));
  },
});
