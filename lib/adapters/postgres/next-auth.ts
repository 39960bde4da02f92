import { PrismaAdapter } from '@next-auth/prisma-adapter';
import type { Adapter, AdapterAccount, AdapterUser } from 'next-auth/adapters';
import { cleaned } from '../../core/text.ts';
import { NAME_LENGTH } from '../../core/users/password.ts';
import type { PeopleStore } from '../../core/users/person.ts';
import { normalEmail } from '../../core/users/email.ts';
import type { Prisma } from './prisma.ts';

/**
 * NextAuth's own Prisma adapter with two changes: people are made the way all people are (the callback before it has seen to
 * it that the issuer confirmed the address), and what an issuer's tokens open is none of our business, so none is kept.
 */
export function makeNextAuthAdapter(prisma: Prisma, people: PeopleStore): Adapter {
  // Its types are of Prisma 4's client; it calls nothing that has changed since.
  const adapter = PrismaAdapter(prisma as unknown as Parameters<typeof PrismaAdapter>[0]) as Adapter;
  return {
    ...adapter,

    async createUser({ email, name }: Omit<AdapterUser, 'id'>) {
      const address = normalEmail(email);
      if (!address) throw new Error('an account without a usable e-mail address');
      const made = await people.create({ email: address, name: cleaned(name ?? '', NAME_LENGTH) || undefined, verified: true });
      if (made === 'exists') throw new Error('an account with this e-mail address was made in the meantime');
      return { id: made.id, email: made.email, name: made.name, emailVerified: new Date() };
    },

    async linkAccount({ userId, type, provider, providerAccountId }: AdapterAccount) {
      await prisma.account.create({ data: { userId, type, provider, providerAccountId } });
    },
  };
}
