import { readdir, readlink } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createDeflateRaw, deflateRawSync } from 'node:zlib';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import yazl from 'yazl';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeCourseImport } from '../../core/courses/import/import.ts';
import { importLimits } from '../../core/courses/import/limits.ts';
import type { ImportReport } from '../../core/courses/import/report.ts';
import type { Outcome } from '../../core/errors.ts';
import type { UserId } from '../../core/ids.ts';
import { importsInPlace } from '../workers/notebooks.ts';
import { makeUploadReader } from './upload.ts';
import { craftZip, notebookBytes, uploadBody, type CraftedEntry } from './zip.fixture.ts';

// Archives are really made and really read; a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000 });

const MB = 1024 * 1024;
const lesson = notebookBytes({ type: 'markdown', source: '# A lesson' });

/** The dry run needs no store. */
const imports = makeCourseImport({
  blobs: { put: () => Promise.reject(new Error('a dry run keeps nothing')), unput: async () => undefined, get: async () => undefined },
  authoring: { create: () => Promise.reject(new Error('a dry run makes nothing')) },
  notebooks: importsInPlace,
});

async function checkBody(body: AsyncIterable<Uint8Array>): Promise<Outcome<ImportReport>> {
  const received = await makeUploadReader().receive(body);
  if (!received.ok) return received;
  try {
    return { ok: true, value: await imports.check(received.value, 'author' as UserId) };
  } finally {
    await received.value.close();
  }
}

const check = (files: { name: string; bytes: Buffer }[]) => checkBody(uploadBody(files));
const checkZip = (entries: CraftedEntry[]) => check([{ name: 'course.zip', bytes: craftZip(entries) }]);

/** Codes of the errors; a report with any makes no course. */
async function errorsOf(outcome: Promise<Outcome<ImportReport>>): Promise<string[]> {
  const checked = await outcome;
  if (!checked.ok) return [checked.refusal.code];
  const errors = checked.value.problems.filter((problem) => problem.severity === 'error').map((problem) => problem.code);
  if (errors.length > 0) expect(checked.value.course).toBeUndefined();
  return errors;
}

/** Spools have no name once they are open, so what they take of the disk shows as open files that are deleted. */
async function spools(): Promise<number> {
  if (process.platform !== 'linux') return 0;
  const targets = await Promise.all((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return targets.filter((target) => target.includes('lectern-upload-')).length;
}

let before: number;
beforeEach(async () => void (before = await spools()));
afterEach(async () => expect(await spools()).toBe(before));

test('a zip with folders, data and notebooks becomes modules and lessons in the order of their numbers', async () => {
  const checked = await checkZip([
    { name: 'My course/10-last/1-end.ipynb', bytes: notebookBytes({ type: 'markdown', source: 'no heading' }) },
    { name: 'My course/2-first/2-b.ipynb', bytes: notebookBytes({ type: 'markdown', source: '# Second\n![x](img/x.png)' }) },
    { name: 'My course/2-first/1-a.ipynb', bytes: notebookBytes({ type: 'markdown', source: 'Hello\n## *First* `one`' }, { type: 'code', source: 'open("data.csv")' }) },
    { name: 'My course/2-first/img/x.png', bytes: Buffer.from('x') },
    { name: 'My course/2-first/data.csv', bytes: Buffer.from('a,b') },
    { name: '__MACOSX/My course/._x', bytes: Buffer.from('junk') },
  ]);
  expect(checked).toMatchObject({ ok: true, value: { more: 0, problems: [{ severity: 'note', code: 'no_heading', file: '10-last/1-end.ipynb' }] } });
  expect(checked.ok && checked.value.course).toMatchObject({
    title: 'My course',
    slug: 'my-course',
    files: 2,
    modules: [
      { title: 'First', lessons: [{ title: 'First one', slug: 'first-one', path: '2-first/1-a.ipynb' }, { title: 'Second', slug: 'second' }] },
      { title: 'Last', lessons: [{ title: 'End', slug: 'end' }] },
    ],
  });
});

test('notebooks sent side by side are one course, and an archive made by another tool is read', async () => {
  expect(await check([{ name: 'b.ipynb', bytes: lesson }, { name: 'a.ipynb', bytes: lesson }])).toMatchObject({
    ok: true,
    value: { course: { modules: [{ title: 'Lessons', lessons: [{ path: 'a.ipynb', slug: 'a-lesson' }, { path: 'b.ipynb', slug: 'a-lesson-2' }] }] } },
  });
  const zip = new yazl.ZipFile();
  zip.addBuffer(lesson, 'a.ipynb');
  zip.addEmptyDirectory('empty');
  zip.end();
  expect(await errorsOf(check([{ name: 'x.ZIP', bytes: await buffer(zip.outputStream) }]))).toEqual([]);
});

// Seen to fail: without sortEntries' call of parsePath the traversals and absolute names pass as files of the course.
test.each([['../up.ipynb'], ['a/../../up.ipynb'], ['/etc/cron.d/x.ipynb'], ['a\\b.ipynb'], ['a//b.ipynb'], ['nul\0.ipynb'], ['./a.ipynb'], [`${'x'.repeat(300)}.ipynb`]])(
  'T24 a name that leaves the course or is no name is refused: %j',
  async (name) => expect(await errorsOf(checkZip([{ name: 'ok.ipynb', bytes: lesson }, { name, bytes: lesson }]))).toEqual(['unsafe_path']),
);

// Seen to fail without the look for such characters.
test.each([['a\u202Eb.ipynb'], ['\u2066folder/a.ipynb']])('T49 a name with a character that turns the direction of writing is refused with a sentence: %j', async (name) => {
  expect(await errorsOf(checkZip([{ name: 'ok.ipynb', bytes: lesson }, { name, bytes: lesson }]))).toEqual(['unsafe_path']);
});

// Seen to fail: with every Unix mode taken as a file, the link and the device are imported as files.
test('T24 links, devices and encrypted files are refused', async () => {
  const kinds = [{ mode: 0o120777 }, { mode: 0o020666 }, { mode: 0o060660 }, { mode: 0o010644 }, { encrypted: true }];
  const entries = kinds.map((kind, index) => ({ name: `f${index}.csv`, bytes: Buffer.from('/etc/passwd'), ...kind }));
  expect(await errorsOf(checkZip([{ name: 'ok.ipynb', bytes: lesson }, ...entries]))).toEqual(['link', 'special_file', 'special_file', 'special_file', 'encrypted']);
});

// Seen to fail without `clashes`.
test('T24 names that are one file on some disks are refused', async () => {
  expect(await errorsOf(checkZip([{ name: 'a.ipynb', bytes: lesson }, { name: 'a.ipynb', bytes: lesson }]))).toEqual(['duplicate']);
  expect(await errorsOf(checkZip([{ name: 'a.ipynb', bytes: lesson }, { name: 'x/Data.csv' }, { name: 'X/data.csv' }]))).toEqual(['case_clash']);
  expect(await errorsOf(checkZip([{ name: 'a.ipynb', bytes: lesson }, { name: 'caf\u00e9.csv' }, { name: 'cafe\u0301.csv' }]))).toEqual(['duplicate']);
  expect(await errorsOf(checkZip([{ name: 'a.ipynb', bytes: lesson }, { name: 'x' }, { name: 'x/y.csv' }]))).toEqual(['duplicate']);
});

/** Peak memory this process ever had, in bytes. */
const peak = () => process.resourceUsage().maxRSS * 1024;

/** `size` zeros deflated, without ever holding them. */
async function deflatedZeros(size: number): Promise<Buffer> {
  const zeros = Readable.from((function* () {
    for (let left = size; left > 0; left -= MB) yield Buffer.alloc(Math.min(MB, left));
  })());
  return buffer(zeros.pipe(createDeflateRaw({ level: 9 })));
}

// Seen to fail: without the sums of declared sizes in sortEntries the overlapping bomb is unpacked, file by file.
test('T24 bombs are refused by what they declare, overlapping ones too, and by what they yield when they lie', async () => {
  const bomb = await deflatedZeros(90 * MB);
  const from = peak();
  const overlapping = Array.from({ length: 400 }, (_, index) => ({ name: `f${index}.csv`, packed: bomb, declaredSize: 90 * MB, ...(index > 0 ? { sameDataAs: 0 } : {}) }));
  expect(await errorsOf(checkZip([{ name: 'ok.ipynb', bytes: lesson }, ...overlapping]))).toEqual(['too_large']);

  const lying = { name: 'small.csv', packed: bomb, declaredSize: 10 };
  expect(await errorsOf(checkZip([{ name: 'ok.ipynb', bytes: lesson }, lying]))).toEqual(['damaged']);
  expect(await errorsOf(checkZip([{ name: 'lie.ipynb', packed: bomb, declaredSize: 10 }]))).toEqual(['damaged']);
  expect(peak() - from).toBeLessThan(300 * MB);
});

// Seen to fail with the archives within listed too, down to the last: a minute later it was too large.
test('T24 an archive of archives of archives, as 42.zip, is never unpacked below its first level', async () => {
  let inner: Buffer = craftZip([{ name: '0.dll', packed: await deflatedZeros(90 * MB), declaredSize: 90 * MB }]);
  for (const level of ['page', 'chapter', 'book', 'lib']) {
    const packed = deflateRawSync(inner);
    inner = craftZip(Array.from({ length: 16 }, (_, index) => ({ name: `${level} ${index}.zip`, packed, declaredSize: inner.length, ...(index > 0 ? { sameDataAs: 0 } : {}) })));
  }
  expect(await errorsOf(check([{ name: '42.zip', bytes: inner }]))).toEqual(['no_notebooks']);
});

// Seen to fail: without the look at entryCount every entry is listed, and the report is one of a million doubled names.
test('T24 a million entries are refused before they are listed, and so is a directory that lies about their number', async () => {
  const one = craftZip([{ name: 'x' }]);
  const record = one.subarray(31 + 2, one.length - 22);
  expect(record.readUInt32LE(0)).toBe(0x02014b50);
  const million = Buffer.concat([one.subarray(0, 33), ...Array.from({ length: 1000 }, () => Buffer.concat(Array.from({ length: 1000 }, () => record))), zip64End(1_000_000, record.length * 1_000_000, 33)]);
  const from = peak();
  expect(await errorsOf(check([{ name: 'million.zip', bytes: million }]))).toEqual(['invalid']);
  expect(peak() - from).toBeLessThan(200 * MB);

  const entries = Array.from({ length: importLimits.entries + 50 }, (_, index) => ({ name: `${index}.csv` }));
  expect(await check([{ name: 'lie.zip', bytes: craftZip([{ name: 'a.ipynb', bytes: lesson }, ...entries], { entryCount: 1 }) }])).toMatchObject({ ok: true, value: { course: { files: 0 } } });
});

function zip64End(count: number, size: number, offset: number): Buffer {
  const end = Buffer.alloc(56 + 20 + 22);
  end.writeUInt32LE(0x06064b50, 0);
  end.writeBigUInt64LE(44n, 4);
  end.writeUInt16LE(45, 12);
  end.writeUInt16LE(45, 14);
  end.writeBigUInt64LE(BigInt(count), 24);
  end.writeBigUInt64LE(BigInt(count), 32);
  end.writeBigUInt64LE(BigInt(size), 40);
  end.writeBigUInt64LE(BigInt(offset), 48);
  end.writeUInt32LE(0x07064b50, 56);
  end.writeBigUInt64LE(BigInt(offset + size), 64);
  end.writeUInt32LE(1, 72);
  end.writeUInt32LE(0x06054b50, 76);
  end.fill(0xff, 84, 96);
  return end;
}

// Seen to fail with yauzl's own errors let through.
test('T24 what is no zip, and a zip cut short, is refused with a reason', async () => {
  expect(await errorsOf(check([{ name: 'x.zip', bytes: Buffer.from('hello') }]))).toEqual(['invalid']);
  expect(await errorsOf(check([{ name: 'x.zip', bytes: craftZip([{ name: 'a.ipynb', bytes: lesson }]).subarray(0, 60) }]))).toEqual(['invalid']);
});

// Seen to fail: without the count in `store` the whole half gigabyte goes to the disk.
test('T25 a body of 500 MB is refused at the limit, and memory stays bounded', async () => {
  const piece = Buffer.alloc(MB, '[');
  let sent = 0;
  const from = peak();
  const body = (async function* () {
    yield Buffer.from(`${JSON.stringify([{ name: 'big.ipynb', size: 500 * MB }])}\n`);
    for (; sent < 500 * MB; sent += piece.length) yield piece;
  })();
  expect(await checkBody(body)).toMatchObject({ ok: false, refusal: { code: 'too_large' } });
  expect(sent).toBeLessThanOrEqual(importLimits.uploadBytes + MB);
  expect(peak() - from).toBeLessThan(200 * MB);
});

// Seen to fail without the limit of one entry: it is read, and called broken JSON.
test('T25 a notebook over its own limit is refused unread', async () => {
  expect(await errorsOf(check([{ name: 'big.ipynb', bytes: Buffer.alloc(importLimits.notebookBytes + 1, ' ') }]))).toEqual(['too_large']);
});

// Seen to fail: without `nesting` the deep one is parsed first, without the other checks the notebooks pass, or for another reason do not.
test.each([
  ['depth 10^5', `{"nbformat":4,"metadata":${'['.repeat(100_000)}${']'.repeat(100_000)},"cells":[]}`, 'too_deep'],
  ['10^6 cells', `{"nbformat":4,"cells":[${'{},'.repeat(999_999)}{}]}`, 'too_many'],
  ['__proto__', '{"nbformat":4,"nbformat_minor":5,"metadata":{"a":[{"__proto__":{"polluted":1}}]},"cells":[]}', 'forbidden_key'],
  ['an escaped __proto__', '{"nbformat":4,"nbformat_minor":5,"metadata":{"\\u005f_proto__":{}},"cells":[]}', 'forbidden_key'],
  ['no object', '[]', 'structure'],
  ['broken JSON', '{"nbformat": 4,\n  oops', 'json'],
])('T25 a notebook with %s is refused', async (_, text, code) => {
  expect(await errorsOf(check([{ name: 'x.ipynb', bytes: Buffer.from(text) }]))).toEqual([code]);
});

// A person's work is kept by a cell's id; nobody has any in a course that is only being made.
test('T25 of two cells with one id the second gets its own, and that is said', async () => {
  const two = '{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[{"id":"a","cell_type":"raw","source":"","metadata":{}},{"id":"a","cell_type":"raw","source":"","metadata":{}}]}';
  expect(await check([{ name: 'x.ipynb', bytes: Buffer.from(two) }])).toMatchObject({ ok: true, value: { problems: [{ severity: 'note', code: 'duplicate_id', cell: 2 }, { code: 'no_heading' }] } });
});

test.each(['x.ipynb.json', 'x.ipynb.txt'])('%s is a notebook that a browser saved under another name', async (name) => {
  const checked = await check([{ name, bytes: lesson }]);
  expect(checked).toMatchObject({ ok: true, value: { problems: [{ severity: 'note', code: 'renamed', file: name }], course: { modules: [{ lessons: [{ path: 'x.ipynb' }] }] } } });
});

test('beside the notebook itself the other file is data', async () => {
  const checked = await check([{ name: 'x.ipynb', bytes: lesson }, { name: 'x.ipynb.json', bytes: lesson }]);
  expect(checked).toMatchObject({ ok: true, value: { problems: [], course: { files: 1, modules: [{ lessons: [{ path: 'x.ipynb' }] }] } } });
});

test('a notebook that is no UTF-8 is refused, and broken JSON is told with its line and column', async () => {
  expect(await errorsOf(check([{ name: 'x.ipynb', bytes: Buffer.from([0x7b, 0xff, 0xfe]) }]))).toEqual(['json']);
  const checked = await check([{ name: 'x.ipynb', bytes: Buffer.from('{"nbformat": 4,\n  oops}') }]);
  expect(checked.ok && checked.value.problems[0]).toMatchObject({ file: 'x.ipynb', line: 2, column: 3 });
});

test('a body without a list, with a wrong length, or with an endless list is refused', async () => {
  const bodies = ['no list', '[]\n', '[{"name":"a.ipynb","size":5}]\nabc', '[{"name":"a.ipynb","size":-1}]\n', '['.repeat(MB)];
  for (const body of bodies) expect(await checkBody(Readable.from([Buffer.from(body)]))).toMatchObject({ ok: false, refusal: { code: 'invalid' } });
});

test('T24 an archive with any of its bytes changed, cut or doubled is refused or read, within its bounds, and leaves nothing on the disk', async () => {
  const good = craftZip([{ name: 'a/1.ipynb', bytes: lesson }, { name: 'a/data.csv', bytes: Buffer.from('a,b\n'.repeat(50)) }]);
  let read = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 }), fc.nat(good.length), fc.nat(40), async (changes, cut, doubled) => {
      const bytes = Buffer.from(good);
      for (const [at, value] of changes) bytes[at] = value;
      const sent = Buffer.concat([bytes.subarray(0, cut < 40 ? cut : good.length), bytes.subarray(0, doubled < 4 ? doubled * 20 : 0)]);
      const checked = await check([{ name: 'course.zip', bytes: sent }]);
      if (checked.ok) read += 1;
      for (const problem of checked.ok ? checked.value.problems : []) expect(problem.say.length).toBeGreaterThan(10);
      if (!checked.ok) expect(checked.refusal.say.length).toBeGreaterThan(10);
    }),
    { numRuns: 400 },
  );
  expect(read).toBeGreaterThan(20);
});

test('a sender who breaks off leaves nothing on the disk', async () => {
  const body = (async function* () {
    yield Buffer.from('[{"name":"a.ipynb","size":5}]\nab');
    throw new Error('connection lost');
  })();
  await expect(checkBody(body)).rejects.toThrow('connection lost');
});
