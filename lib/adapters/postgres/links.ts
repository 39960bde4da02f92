import { createHash, randomBytes } from 'node:crypto';
import type { Email } from '../../core/users/email.ts';
import { linkLifetimeS, liveLinks, type OneTimeLinks } from '../../core/users/links.ts';
import type { Database } from './database.ts';

const hash = (secret: string) => createHash('sha256').update(secret).digest('hex');

/** One-time links in the `one_time_link` table, which holds hashes only: a dump of it opens nothing. */
export const makeOneTimeLinks = ({ query }: Database): OneTimeLinks => ({
  async make(purpose, email) {
    const secret = randomBytes(32).toString('base64url');
    await query(
      `DELETE FROM one_time_link WHERE expires_at < now() OR id IN
         (SELECT id FROM one_time_link WHERE email = $1 AND purpose = $2 ORDER BY expires_at DESC OFFSET $3)`,
      [email, purpose, liveLinks[purpose] - 1],
    );
    await query(`INSERT INTO one_time_link (purpose, token_hash, email, expires_at) VALUES ($1, $2, $3, now() + $4 * interval '1 second')`, [
      purpose,
      hash(secret),
      email,
      linkLifetimeS[purpose],
    ]);
    return secret;
  },

  async take(purpose, secret) {
    const [row] = await query<{ email: Email }>(
      'UPDATE one_time_link SET used_at = now() WHERE token_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > now() RETURNING email',
      [hash(secret), purpose],
    );
    return row?.email;
  },

  async whose(purpose, secret) {
    const [row] = await query<{ email: Email }>('SELECT email FROM one_time_link WHERE token_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > now()', [hash(secret), purpose]);
    return row?.email;
  },

  async revoke(email) {
    await query('DELETE FROM one_time_link WHERE email = $1', [email]);
  },
});
