import { hash, verify } from '@node-rs/argon2';
import type { Passwords } from '../../core/users/person.ts';

/** argon2id (the library's default kind) as OWASP's first choice has it: 19 MiB, two passes, one lane; about 30 ms. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export function makePasswords(): Passwords {
  let nobody: Promise<string> | undefined;
  return {
    hash: (password) => hash(password, cost),
    async verify(stored, password) {
      nobody ??= hash('nobody has this password', cost);
      const matches = await verify(stored ?? (await nobody), password);
      return stored !== undefined && matches;
    },
  };
}
