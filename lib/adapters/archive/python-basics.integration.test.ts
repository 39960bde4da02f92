import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import type pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { seedDemonstration } from '../../../prisma/seed.ts';
import { makeDatabase as makeTestDatabase } from '../../../scripts/testing/database.ts';
import { readFolder } from './folder.ts';
import { makePasswords } from '../argon2/passwords.ts';
import { makeBlobStore } from '../postgres/blobs.ts';
import { makeCourseAuthoring } from '../postgres/courses-authoring.ts';
import { makeCourseStore } from '../postgres/courses.ts';
import { makeDatabase, makePool } from '../postgres/database.ts';
import { importsInPlace } from '../workers/notebooks.ts';
import { makeCourseImport } from '../../core/courses/import/import.ts';
import type { UserId } from '../../core/ids.ts';

const courses = join(import.meta.dirname, '../../../prisma/courses');

let made: Awaited<ReturnType<typeof makeTestDatabase>>;
let pool: pg.Pool;
beforeAll(async () => {
  made = await makeTestDatabase();
  pool = makePool(made.url);
});
afterAll(async () => {
  await pool?.end();
  await made?.drop();
});

function deps() {
  const database = makeDatabase(pool);
  return { pool, blobs: makeBlobStore(database), courses: makeCourseStore(database), authoring: makeCourseAuthoring(database), passwords: makePasswords() };
}

test('every notebook of the demonstration course runs, with errors only where one is meant', { timeout: 600_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lectern-course-'));
  try {
    cpSync(courses, folder, { recursive: true });
    const { stdout } = await promisify(execFile)(join(inject('pythonDir'), 'bin/python'), [join(folder, 'run_notebooks.py'), join(folder, 'python-basics')], {
      env: { ...process.env, HOME: folder, IPYTHONDIR: join(folder, 'ipython'), MPLCONFIGDIR: join(folder, 'mpl') },
    });
    const ran = stdout.trim().split('\n').map((line) => JSON.parse(line) as { notebook: string; cells: number; mimes: string[] });
    expect(ran.length).toBeGreaterThanOrEqual(5);
    expect(ran.every(({ cells }) => cells > 0)).toBe(true);
    expect(new Set(ran.flatMap(({ mimes }) => mimes))).toEqual(new Set(['text/plain', 'text/html', 'image/png', 'application/vnd.plotly.v1+json']));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the demonstration course passes its own import without a warning', async () => {
  const report = await makeCourseImport({ ...deps(), notebooks: importsInPlace }).check(await readFolder(join(courses, 'python-basics')), 'author' as UserId);
  expect(report.problems.filter((problem) => problem.severity !== 'note')).toEqual([]);
  expect(report.course).toMatchObject({ title: 'Python basics', slug: 'python-basics', modules: [{ title: 'First steps' }, { title: 'Building blocks' }, { title: 'Working with data' }] });
});

test('seeding makes people with passwords that work and a published course, and a second time changes nothing', async () => {
  const hub = deps();
  const people = await seedDemonstration(hub);
  expect(people.map(({ role }) => role)).toEqual(['user', 'instructor', 'admin']);
  for (const { email, password } of people) {
    const { rows } = await pool.query<{ password_hash: string }>('SELECT password_hash FROM "user" WHERE email = $1', [email]);
    expect(await hub.passwords.verify(rows[0]!.password_hash, password)).toBe(true);
  }
  expect(await seedDemonstration(hub)).toEqual([]);
  expect(await hub.courses.catalogue()).toMatchObject([{ slug: 'python-basics', lessons: 6, published: true }]);
});

test('a seeded lesson has its notebook and its data file, byte for byte', async () => {
  const hub = deps();
  await seedDemonstration(hub);
  const lesson = await hub.courses.lesson('python-basics', 'reading-a-file');
  expect(lesson?.path).toBe('3-working-with-data/1-reading-a-file.ipynb');
  const csv = lesson!.version.assets.find(({ path }) => path === '3-working-with-data/temperatures.csv')!;
  const blob = await hub.blobs.get(csv.sha256);
  expect(blob?.size).toBe(csv.size);
  expect(await text(Readable.from(blob!.bytes))).toMatch(/^month,Fjordby,Rivertown,Portosol\nJan,-4\.1/);
  expect(lesson!.version.assets.map(({ path }) => path)).not.toContain('1-first-steps/images/how-a-cell-runs.png');
  expect(await hub.courses.lesson('python-basics', randomUUID())).toBeUndefined();
});
