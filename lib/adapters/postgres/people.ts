import { UpstreamError } from '../../core/errors.ts';
import type { UserId } from '../../core/ids.ts';
import type { Email } from '../../core/users/email.ts';
import type { PeopleStore, Person } from '../../core/users/person.ts';
import { Prisma as Errors, type User } from './generated/client.ts';
import type { Prisma } from './prisma.ts';

/** People, their invitations and their connected accounts, through Prisma. */
export function makePeopleStore(prisma: Prisma): PeopleStore {
  const one = async (where: { id: string } | { email: string }) => {
    const row = await reading(prisma.user.findUnique({ where }));
    return row ? toPerson(row) : undefined;
  };

  return {
    byId: (id) => one({ id }),
    byEmail: (email) => one({ email }),

    async passwordHash(id) {
      const row = await reading(prisma.user.findUnique({ where: { id }, select: { passwordHash: true } }));
      return row?.passwordHash ?? undefined;
    },

    async create({ email, name, passwordHash, verified = false, role = 'user' }) {
      try {
        const row = await prisma.$transaction(async (tx) => {
          const made = await tx.user.create({ data: { email, name, passwordHash, role } });
          return verified ? verify(tx, made.id) : made;
        });
        return toPerson(row);
      } catch (cause) {
        if (cause instanceof Errors.PrismaClientKnownRequestError && cause.code === 'P2002') return 'exists';
        throw upstream(cause);
      }
    },

    async change(id, { name, passwordHash, role, banned }) {
      const data = {
        name,
        // An empty hash takes the password away.
        passwordHash: passwordHash === '' ? null : passwordHash,
        role,
        bannedAt: banned === undefined ? undefined : banned ? new Date() : null,
      };
      await reading(prisma.user.updateMany({ where: { id }, data }));
    },

    async verify(id) {
      await reading(prisma.$transaction((tx) => verify(tx, id)));
    },

    async invited(email) {
      return (await reading(prisma.invitation.count({ where: { email, acceptedAt: null } }))) > 0;
    },

    async connected(id) {
      const rows = await reading(prisma.account.findMany({ where: { userId: id }, select: { provider: true, providerAccountId: true }, orderBy: { provider: 'asc' } }));
      return rows.map((row) => ({ provider: row.provider, id: row.providerAccountId }));
    },

    async disconnect(id, provider) {
      await reading(prisma.account.deleteMany({ where: { userId: id, provider: provider === 'all' ? undefined : provider } }));
    },
  };
}

type Row = Omit<User, 'passwordHash'>;

/** Marks the address as confirmed and gives what an open invitation to it promises, once. */
async function verify(tx: Pick<Prisma, 'user' | 'invitation'>, id: string): Promise<Row> {
  const user = await tx.user.findUniqueOrThrow({ where: { id } });
  const invitation = await tx.invitation.findUnique({ where: { email: user.email } });
  const promised = invitation && !invitation.acceptedAt ? invitation.role : undefined;
  if (promised) await tx.invitation.update({ where: { email: user.email }, data: { acceptedAt: new Date() } });
  return tx.user.update({
    where: { id },
    data: { emailVerified: user.emailVerified ?? new Date(), role: user.role === 'user' ? promised : undefined },
  });
}

const toPerson = (row: Row): Person => ({
  id: row.id as UserId,
  email: row.email as Email,
  name: row.name ?? undefined,
  verified: row.emailVerified !== null,
  banned: row.bannedAt !== null,
  role: row.role,
});

/** The driver's own error is the cause: Prisma keeps it among its notes. */
const upstream = (cause: unknown) => {
  const driver = cause instanceof Errors.PrismaClientKnownRequestError ? cause.meta?.driverAdapterError : undefined;
  return new UpstreamError('database', 'people', driver ?? cause);
};

/** What the database refuses is its failure, for whoever asked. */
export async function reading<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw upstream(cause);
  }
}
