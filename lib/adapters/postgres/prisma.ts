import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';
import { PrismaClient } from './generated/client.ts';

/** Prisma over the hub's own connections. Password hashes are left out of every read that does not ask for them by name. */
export const makePrisma = (pool: pg.Pool) => new PrismaClient({ adapter: new PrismaPg(pool), omit: { user: { passwordHash: true } } });

export type Prisma = ReturnType<typeof makePrisma>;
