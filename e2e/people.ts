import { randomBytes } from 'node:crypto';
import { hash } from '@node-rs/argon2';
import pg from 'pg';

export type Person = { id: string; email: string; password: string; name: string };
export type Role = 'user' | 'instructor' | 'admin';

/** Runs SQL against the database of the programs under test. */
export async function sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: process.env.E2E_DATABASE_URL });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** A person of this test's own, with a verified address and a random password. */
export async function addPerson(role: Role = 'user'): Promise<Person> {
  const tag = randomBytes(5).toString('hex');
  const person = { email: `${role}-${tag}@example.org`, password: randomBytes(12).toString('base64url'), name: `Test ${tag}` };
  const [row] = await sql<{ id: string }>('INSERT INTO "user" (name, email, email_verified, password_hash, role) VALUES ($1, $2, now(), $3, $4) RETURNING id', [
    person.name,
    person.email,
    await hash(person.password),
    role,
  ]);
  return { ...person, id: row!.id };
}

/** Ends the servers of the person's workspaces, so that they make room for the next test's. The rows stay: the database ends with the run. */
export async function endServersOf({ id }: Person): Promise<void> {
  await sql(`UPDATE server SET desired = 'stop', reason = 'admin' WHERE workspace_id IN (SELECT id FROM workspace WHERE user_id = $1) AND state NOT IN ('stopped', 'failed')`, [id]);
}
