import type { UserId } from '../ids.ts';
import type { SiteRole } from './actor.ts';
import type { Email } from './email.ts';

/** Somebody with an account. */
export type Person = { id: UserId; email: Email; name?: string; verified: boolean; banned: boolean; role: SiteRole };

export type NewPerson = { email: Email; name?: string; passwordHash?: string; verified?: boolean; role?: SiteRole };

/** A way to sign in at an outside issuer that belongs to a person. */
export type ConnectedAccount = { provider: string; id: string };

export interface PeopleStore {
  byId(id: UserId): Promise<Person | undefined>;
  byEmail(email: Email): Promise<Person | undefined>;
  /** Of whoever has none, undefined. */
  passwordHash(id: UserId): Promise<string | undefined>;
  /** 'exists' when the address was taken first. */
  create(person: NewPerson): Promise<Person | 'exists'>;
  /** Absent fields stay as they are. */
  change(id: UserId, to: { name?: string; passwordHash?: string; role?: SiteRole; banned?: boolean }): Promise<void>;
  /** Marks the address as this person's own, and gives them what they were invited to. */
  verify(id: UserId): Promise<void>;
  /** Whether an invitation to this address is open. */
  invited(email: Email): Promise<boolean>;
  connected(id: UserId): Promise<ConnectedAccount[]>;
  disconnect(id: UserId, provider: string | 'all'): Promise<void>;
}

/** Hashes passwords slowly. */
export interface Passwords {
  hash(password: string): Promise<string>;
  /** Takes as long without a hash as with one, so that the time does not tell whether an account exists. */
  verify(hash: string | undefined, password: string): Promise<boolean>;
}
