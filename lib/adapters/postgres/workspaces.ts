import { randomBytes } from 'node:crypto';
import type { Bus } from '../../core/bus.ts';
import type { CourseId, Sha256, UserId, WorkspaceId, WorkspaceKey } from '../../core/ids.ts';
import { HISTORY_TIMES, MOST_FILES } from '../../core/workspaces/history-quota.ts';
import { makeRemembered } from '../../core/remembered.ts';
import { foldersAbove } from '../../core/workspaces/path.ts';
import type { Editor, ManifestEntry, Origin, Workspace, WorkspaceFile, WorkspaceStore, Write, WriteOutcome } from '../../core/workspaces/store.ts';
import { isUuid, type Database, type Query } from './database.ts';
import { thinToFit } from './history-quota.ts';
import type { Locks } from './locks.ts';

type Deps = { db: Database; locks: Locks; bus: Bus; limitBytes: number };

type WorkspaceRow = { id: WorkspaceId; key: WorkspaceKey; user_id: UserId; course_id: CourseId; used_bytes: number };
type FileRow = { path: string; kind: 'file' | 'directory'; revision: number; sha256: Sha256 | null; size: number; updated_at: Date; lesson_version_id: string | null };

/** Of so many workspaces is it remembered whose they are. */
const OWNERS = 10_000;

const WORKSPACE = 'id, key, user_id, course_id, used_bytes';
const FILE = `path, kind, revision, encode(sha256, 'hex') AS sha256, size, updated_at, lesson_version_id`;

const toWorkspace = (row: WorkspaceRow): Workspace => ({ id: row.id, key: row.key, user: row.user_id, course: row.course_id, usedBytes: row.used_bytes });

const toFile = ({ path, kind, revision, sha256, size, updated_at, lesson_version_id }: FileRow): WorkspaceFile =>
  kind === 'directory' || !sha256
    ? { path, kind: 'directory', revision, updatedAt: updated_at }
    : { path, kind: 'file', revision, sha256, size, updatedAt: updated_at, ...(lesson_version_id && { lessonVersionId: lesson_version_id }) };

const hash = (sha256: Sha256 | undefined) => (sha256 ? Buffer.from(sha256, 'hex') : null);

/** 97 bits: nobody guesses another's origin, and none comes twice. */
function makeKey(): WorkspaceKey {
  const letters = 'abcdefghijklmnopqrstuvwxyz234567';
  const [first, ...rest] = randomBytes(20);
  return [letters[first! % 26], ...rest.map((byte) => letters[byte % 32])].join('') as WorkspaceKey;
}

export function makeWorkspaceStore({ db, locks, bus, limitBytes }: Deps): WorkspaceStore {
  const one = async (where: string, value: string) => {
    const [row] = await db.query<WorkspaceRow>(`SELECT ${WORKSPACE} FROM workspace WHERE ${where} = $1`, [value]);
    return row && toWorkspace(row);
  };

  /** Whose a workspace is never changes. */
  const owners = makeRemembered<UserId>(OWNERS);
  async function ownerOf(workspace: WorkspaceId): Promise<UserId | undefined> {
    const known = owners.get(workspace);
    if (known) return known;
    const owner = (await one('id', workspace))?.user;
    return owner && owners.keep(workspace, owner);
  }

  return {
    async open(user, course) {
      for (;;) {
        const [row] = await db.query<WorkspaceRow>(
          `WITH known AS (SELECT ${WORKSPACE} FROM workspace WHERE user_id = $1 AND course_id = $2),
                made AS (INSERT INTO workspace (key, user_id, course_id) SELECT $3, $1, $2 WHERE NOT EXISTS (SELECT 1 FROM known)
                         ON CONFLICT (user_id, course_id) DO NOTHING RETURNING ${WORKSPACE})
           SELECT * FROM known UNION ALL SELECT * FROM made`,
          [user, course, makeKey()],
        );
        // None at all: another tab's insert was not yet visible to this statement. It is now.
        if (row) return toWorkspace(row);
      }
    },
    async of(user, course) {
      const [row] = await db.query<WorkspaceRow>(`SELECT ${WORKSPACE} FROM workspace WHERE user_id = $1 AND course_id = $2`, [user, course]);
      return row && toWorkspace(row);
    },
    find: async (id) => (isUuid(id) ? one('id', id) : undefined),
    byKey: (key) => one('key', key),
    ofUser: async (user) => (await db.query<WorkspaceRow>(`SELECT ${WORKSPACE} FROM workspace WHERE user_id = $1`, [user])).map(toWorkspace),

    async files(workspace) {
      const rows = await db.query<FileRow>(`SELECT ${FILE} FROM file WHERE workspace_id = $1 AND deleted_at IS NULL ORDER BY path`, [workspace]);
      return rows.map(toFile);
    },
    async file(workspace, path) {
      const [row] = await db.query<FileRow>(`SELECT ${FILE} FROM file WHERE workspace_id = $1 AND path = $2 AND deleted_at IS NULL`, [workspace, path]);
      return row && toFile(row);
    },
    write: (workspace, write) => db.transaction((query) => writeIn(query, workspace, write, limitBytes)),
    addMissing: (workspace, files, version) => addMissing(db, workspace, files, version),
    remove: (workspace, path) => db.transaction((query) => removeIn(query, workspace, path)),
    removeExactly: (workspace, path, revision) => db.transaction((query) => removeExactlyIn(query, workspace, path, revision)),
    rename: (workspace, from, to) => db.transaction((query) => renameIn(query, workspace, from, to)),

    async revisions(workspace, path) {
      const rows = await db.query<{ revision: number; sha256: Sha256 | null; size: number; origin: Origin; created_at: Date }>(
        `SELECT r.revision, encode(r.sha256, 'hex') AS sha256, r.size, r.origin, r.created_at
         FROM revision r JOIN file f ON f.id = r.file_id WHERE f.workspace_id = $1 AND f.path = $2 ORDER BY r.revision DESC`,
        [workspace, path],
      );
      return rows.map(({ sha256, created_at, ...rest }) => ({ ...rest, createdAt: created_at, ...(sha256 && { sha256 }) }));
    },

    async manifest(server, paths) {
      const rows = await db.query<{ path: string; revision: number; sha256: Sha256 | null }>(
        `SELECT path, revision, encode(sha256, 'hex') AS sha256 FROM manifest_entry
         WHERE server_id = $1 AND ($2::text[] IS NULL OR path = ANY($2))`,
        [server, paths ?? null],
      );
      return new Map(rows.map(({ path, revision, sha256 }): [string, ManifestEntry] => [path, { path, revision, ...(sha256 && { sha256 }) }]));
    },
    async setManifest(server, entries) {
      if (entries.length === 0) return;
      await db.query(
        `INSERT INTO manifest_entry (server_id, path, revision, sha256) SELECT $1, e.* FROM unnest($2::text[], $3::int[], $4::bytea[]) AS e
         ON CONFLICT (server_id, path) DO UPDATE SET revision = excluded.revision, sha256 = excluded.sha256`,
        [server, entries.map(({ path }) => path), entries.map(({ revision }) => revision), entries.map(({ sha256 }) => hash(sha256))],
      );
    },
    async dropManifest(server, paths) {
      if (paths.length > 0) await db.query('DELETE FROM manifest_entry WHERE server_id = $1 AND path = ANY($2)', [server, paths]);
    },

    async session(server, path) {
      const [row] = await db.query<{ session_id: string; kernel_id: string }>('SELECT session_id, kernel_id FROM notebook_session WHERE server_id = $1 AND path = $2', [server, path]);
      return row && { sessionId: row.session_id, kernelId: row.kernel_id };
    },
    async setSession(server, path, { sessionId, kernelId }) {
      await db.query(
        `INSERT INTO notebook_session (server_id, path, session_id, kernel_id) VALUES ($1, $2, $3, $4)
         ON CONFLICT (server_id, path) DO UPDATE SET session_id = excluded.session_id, kernel_id = excluded.kernel_id`,
        [server, path, sessionId, kernelId],
      );
    },

    async editor(workspace, path) {
      const [row] = await db.query<{ editor: Editor }>('SELECT editor FROM notebook_editor WHERE workspace_id = $1 AND path = $2', [workspace, path]);
      return row?.editor ?? 'page';
    },
    inLab: (users) =>
      db.query(
        `SELECT w.user_id AS "user", w.id AS workspace, f.path, f.revision
         FROM workspace w JOIN notebook_editor e ON e.workspace_id = w.id AND e.editor = 'lab'
         JOIN file f ON f.workspace_id = w.id AND f.path = e.path AND f.deleted_at IS NULL
         WHERE w.user_id = ANY($1::uuid[])`,
        [users],
      ),
    async setEditor(workspace, path, editor) {
      await db.query(
        `INSERT INTO notebook_editor (workspace_id, path, editor) VALUES ($1, $2, $3)
         ON CONFLICT (workspace_id, path) DO UPDATE SET editor = excluded.editor, since = now() WHERE notebook_editor.editor <> excluded.editor`,
        [workspace, path, editor],
      );
      await bus.publish({ kind: 'notebook', workspace, path });
    },

    serialised: async (workspace, path, work) => locks(workspace, path, work, await ownerOf(workspace)),
  };
}

/**
 * Writers of one workspace come one after the other. Without this lock two saves that saw the same revision both pass,
 * and two that each fit the quota together do not. (Not FOR UPDATE, which would also hold up a claim for the workspace.)
 */
async function lockWorkspace(query: Query, workspace: WorkspaceId): Promise<{ used_bytes: number; history_bytes: number }> {
  const [row] = await query<{ used_bytes: number; history_bytes: number }>('SELECT used_bytes, history_bytes FROM workspace WHERE id = $1 FOR NO KEY UPDATE', [workspace]);
  if (!row) throw new Error('no such workspace');
  return row;
}

type Known = FileRow & { id: string; live: boolean; last: number };

async function writeIn(query: Query, workspace: WorkspaceId, write: Write, limitBytes: number): Promise<WriteOutcome> {
  const { used_bytes: usedBytes, history_bytes: historyBytes } = await lockWorkspace(query, workspace);
  const [known] = await query<Known>(
    `SELECT id, ${FILE}, deleted_at IS NULL AS live, max(revision) OVER () AS last FROM file
     WHERE workspace_id = $1 AND path = $2 ORDER BY deleted_at DESC NULLS FIRST LIMIT 1`,
    [workspace, write.path],
  );
  const current = known?.live ? known : undefined;
  const kind = write.content ? 'file' : 'directory';
  if (current?.kind === kind && (current.sha256 ?? undefined) === write.content?.sha256) return { state: 'unchanged', revision: current.revision };
  if (write.ifRevision !== 'any' && write.ifRevision !== (current?.revision ?? 0)) return { state: 'stale', current: current && toFile(current) };
  if (current?.kind !== kind) {
    const by = await blocker(query, workspace, write.path, kind);
    if (by) return { state: 'blocked', by };
  }
  if (!current && (await isCrowded(query, workspace))) return { state: 'files', most: MOST_FILES };
  const size = write.content?.size ?? 0;
  const growth = size - (current?.size ?? 0);
  if (growth > 0 && usedBytes + growth > limitBytes) return { state: 'quota', usedBytes, limitBytes };
  const mostHistory = limitBytes * HISTORY_TIMES;
  if (write.content && historyBytes + size > mostHistory) {
    const bytes = await thinToFit(query, workspace, write.content, mostHistory);
    if (bytes > mostHistory) return { state: 'history', usedBytes: bytes, limitBytes: mostHistory };
  }

  // Revisions of a path never start again, so that a tab that has slept through a deletion cannot pass for current.
  const revision = (known?.last ?? 0) + 1;
  await query(
    `WITH f AS (${
      current
        ? 'UPDATE file SET kind = $4, revision = $5, sha256 = $6, size = $7, updated_at = now(), lesson_version_id = coalesce($9::uuid, lesson_version_id) WHERE workspace_id = $1 AND path = $2 AND deleted_at IS NULL RETURNING id'
        : 'INSERT INTO file (workspace_id, path, kind, revision, sha256, size, lesson_version_id) VALUES ($1, $2, $4, $5, $6, $7, $9) RETURNING id'
    }), r AS (INSERT INTO revision (file_id, revision, sha256, size, origin) SELECT id, $5, $6, $7, $8 FROM f)
     UPDATE workspace SET used_bytes = used_bytes + $3, history_bytes = history_bytes + $7 WHERE id = $1`,
    [workspace, write.path, growth, kind, revision, hash(write.content?.sha256), size, write.origin, write.lessonVersionId ?? null],
  );
  return { state: 'written', revision };
}

/** Asked for new names only: overwriting, which is what most saves do, counts nothing. */
async function isCrowded(query: Query, workspace: WorkspaceId): Promise<boolean> {
  const [row] = await query<{ n: number }>('SELECT count(*)::int AS n FROM (SELECT 1 FROM file WHERE workspace_id = $1 AND deleted_at IS NULL LIMIT $2) f', [workspace, MOST_FILES]);
  return row!.n >= MOST_FILES;
}

/** A file in the place of a folder above the path; for a file, anything that lies below it. */
async function blocker(query: Query, workspace: WorkspaceId, path: string, kind: 'file' | 'directory'): Promise<string | undefined> {
  const [row] = await query<{ path: string }>(
    `SELECT path FROM file WHERE workspace_id = $1 AND deleted_at IS NULL
       AND ((kind = 'file' AND path = ANY($2)) OR ($3 AND starts_with(path, $4 || '/'))) LIMIT 1`,
    [workspace, foldersAbove(path), kind === 'file', path],
  );
  return row?.path;
}

type Missing = { path: string; sha256: Sha256 };

async function addMissing(db: Database, workspace: WorkspaceId, files: Missing[], version: string): Promise<void> {
  const present = new Set(
    (await db.query<{ path: string }>('SELECT path FROM file WHERE workspace_id = $1 AND deleted_at IS NULL AND path = ANY($2)', [workspace, files.map(({ path }) => path)])).map(({ path }) => path),
  );
  const missing = files.filter(({ path }) => !present.has(path));
  if (missing.length === 0) return;
  await db.transaction(async (query) => {
    await lockWorkspace(query, workspace);
    await query(
      `WITH wanted AS (SELECT w.path, w.sha256, b.size FROM unnest($2::text[], $3::bytea[]) AS w (path, sha256) JOIN blob b ON b.sha256 = w.sha256),
            live AS (SELECT path, kind FROM file WHERE workspace_id = $1 AND deleted_at IS NULL),
            made AS (
              INSERT INTO file (workspace_id, path, kind, revision, sha256, size, lesson_version_id)
              SELECT $1, w.path, 'file', coalesce((SELECT max(f.revision) FROM file f WHERE f.workspace_id = $1 AND f.path = w.path), 0) + 1, w.sha256, w.size, $4::uuid
              FROM wanted w
              WHERE NOT EXISTS (SELECT 1 FROM live l WHERE l.path = w.path OR starts_with(l.path, w.path || '/') OR (l.kind = 'file' AND starts_with(w.path, l.path || '/')))
              RETURNING id, revision, sha256, size),
            kept AS (INSERT INTO revision (file_id, revision, sha256, size, origin) SELECT id, revision, sha256, size, 'lesson' FROM made)
       UPDATE workspace SET (used_bytes, history_bytes) = (SELECT used_bytes + coalesce(sum(size), 0), history_bytes + coalesce(sum(size), 0) FROM made) WHERE id = $1`,
      [workspace, missing.map(({ path }) => path), missing.map(({ sha256 }) => hash(sha256)), version],
    );
  });
}

const BELOW = `workspace_id = $1 AND deleted_at IS NULL AND (path = $2 OR starts_with(path, $2 || '/'))`;

async function removeIn(query: Query, workspace: WorkspaceId, path: string): Promise<void> {
  await lockWorkspace(query, workspace);
  await query(
    `WITH gone AS (UPDATE file SET deleted_at = now() WHERE ${BELOW} RETURNING size)
     UPDATE workspace SET used_bytes = used_bytes - (SELECT coalesce(sum(size), 0) FROM gone) WHERE id = $1`,
    [workspace, path],
  );
}

async function removeExactlyIn(query: Query, workspace: WorkspaceId, path: string, revision: number): Promise<boolean> {
  await lockWorkspace(query, workspace);
  const gone = await query(
    `WITH gone AS (UPDATE file SET deleted_at = now() WHERE workspace_id = $1 AND path = $2 AND revision = $3 AND deleted_at IS NULL RETURNING size)
     UPDATE workspace SET used_bytes = used_bytes - gone.size FROM gone WHERE id = $1 RETURNING 1`,
    [workspace, path, revision],
  );
  return gone.length > 0;
}

/** A file takes its history along; the old path keeps a mark of its last revision, for the same reason as in `writeIn`, which names no bytes: they would lie there uncounted. */
async function renameIn(query: Query, workspace: WorkspaceId, from: string, to: string): Promise<'renamed' | 'absent' | 'exists'> {
  await lockWorkspace(query, workspace);
  if (to === from || to.startsWith(`${from}/`)) return 'exists';
  const moving = await query<{ id: string }>(`SELECT id FROM file WHERE ${BELOW}`, [workspace, from]);
  if (moving.length === 0) return 'absent';
  const taken = await query(
    `SELECT 1 FROM file WHERE workspace_id = $1 AND deleted_at IS NULL AND (path = $2 OR starts_with(path, $2 || '/') OR (kind = 'file' AND path = ANY($3)))`,
    [workspace, to, foldersAbove(to)],
  );
  if (taken.length > 0) return 'exists';
  const ids = moving.map(({ id }) => id);
  await query(
    `INSERT INTO file (workspace_id, path, kind, revision, sha256, size, updated_at, deleted_at)
     SELECT workspace_id, path, kind, revision, NULL, 0, updated_at, now() FROM file WHERE id = ANY($1::uuid[])`,
    [ids],
  );
  await query(
    `WITH moved AS (
       UPDATE file f SET path = $3 || substr(f.path, length($2) + 1), updated_at = now(),
         revision = 1 + greatest(f.revision, (SELECT max(o.revision) FROM file o WHERE o.workspace_id = $1 AND o.path = $3 || substr(f.path, length($2) + 1)))
       WHERE f.id = ANY($4::uuid[]) RETURNING f.id, f.revision, f.sha256, f.size)
     INSERT INTO revision (file_id, revision, sha256, size, origin) SELECT id, revision, sha256, size, 'lab' FROM moved`,
    [workspace, from, to, ids],
  );
  return 'renamed';
}
