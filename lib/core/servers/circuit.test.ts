import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Answered, BrokenProtocol, UpstreamError } from '../errors.ts';
import { after, asked, Resting, unbroken, withCircuits, type Circuit } from './circuit.ts';
import type { Access, Jupyter, PutBackFile } from './jupyter.ts';
import { anySecrets, anyServer } from './server.fixture.ts';

const limits = { hungMs: 100, longMs: 300, restMs: 1_000, most: 3 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('what hangs rests for a while, then one question is let through; an answer ends it, another that hangs lets it rest again', () => {
  let circuit: Circuit = after(unbroken, 'hung', 0, limits);
  expect(asked(circuit, 999).go).toBe(false);
  const probe = asked(circuit, 1_000);
  expect(probe).toMatchObject({ go: true, circuit: { state: 'trying', hung: 1 } });
  expect(asked(probe.circuit, 1_001).go).toBe(false);
  circuit = after(probe.circuit, 'hung', 1_100, limits);
  expect(circuit).toEqual({ state: 'open', hung: 2, until: 2_100 });
  expect(after(circuit, 'answered', 2_200, limits)).toEqual(unbroken);
});

const access = (): Access => ({ ref: anyServer(), address: { kind: 'unix', path: '/nowhere' }, secrets: anySecrets() });

/** A server whose status and put-back the test answers, or does not. */
function scripted() {
  const questions: { resolve: (value: never) => void; reject: (error: Error) => void }[] = [];
  const wait = () => new Promise<never>((resolve, reject) => questions.push({ resolve, reject }));
  const sick: unknown[] = [];
  const jupyter = withCircuits(
    {
      status: wait,
      openSession: wait,
      putBack: async (_: Access, files: AsyncIterable<PutBackFile>) => {
        for await (const file of files) if ('bytes' in file) await drain(file.bytes);
        return wait();
      },
    } as unknown as Jupyter,
    ({ id }, why) => sick.push([id, why]),
    limits,
  );
  return { questions, sick, jupyter };
}

async function drain(bytes: AsyncIterable<Uint8Array>) {
  const reading = bytes[Symbol.asyncIterator]();
  while (!(await reading.next()).done);
}

const outcome = (work: Promise<unknown>) => work.then(() => 'answered', (error: Error) => error.name);

// Seen to fail with every question let through.
test('T43 a server that hangs is left alone for a moment, while other servers, and its other answers, are asked as before', async () => {
  const { questions, jupyter } = scripted();
  const [one, other] = [access(), access()];
  void outcome(jupyter.openSession(one, 'a.ipynb'));
  await vi.advanceTimersByTimeAsync(300);
  expect(await outcome(jupyter.openSession(one, 'a.ipynb'))).toBe('Resting');
  expect(questions).toHaveLength(1);
  void outcome(jupyter.openSession(other, 'a.ipynb'));
  void outcome(jupyter.status(one));
  expect(questions).toHaveLength(3);
  // It answers after all.
  questions[0]!.resolve({} as never);
  await vi.advanceTimersByTimeAsync(0);
  void outcome(jupyter.openSession(one, 'a.ipynb'));
  expect(questions).toHaveLength(4);
});

// Seen to fail with each of them counted: a moment in which the machine stands still ended the server.
test('of questions that hang together one counts', async () => {
  const { sick, jupyter } = scripted();
  const one = access();
  for (let n = 0; n < 10; n += 1) void outcome(jupyter.status(one));
  await vi.advanceTimersByTimeAsync(500);
  expect(sick).toEqual([]);
});

// Seen to fail with none told of.
test('T43 one that hangs three times in a row is to be ended, and what it says of itself does not change that', async () => {
  const { questions, sick, jupyter } = scripted();
  const one = access();
  for (let n = 0; n < 3; n += 1) {
    expect(sick).toEqual([]);
    void outcome(jupyter.openSession(one, 'a.ipynb'));
    const status = outcome(jupyter.status(one));
    questions.at(-1)!.resolve({} as never);
    expect(await status).toBe('answered');
    await vi.advanceTimersByTimeAsync(300);
    expect(sick.length).toBe(n === 2 ? 1 : 0);
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(sick).toEqual([[one.ref.id, 'hung']]);
});

test('who refuses, or is not there, does not hang; who breaks the protocol is to be ended at once', async () => {
  const { questions, sick, jupyter } = scripted();
  const one = access();
  for (let n = 0; n < 5; n += 1) {
    const said = outcome(jupyter.status(one));
    questions.at(-1)!.reject(new UpstreamError('jupyter', 'refused'));
    expect(await said).toBe('UpstreamError');
  }
  expect(sick).toEqual([]);
  const said = outcome(jupyter.status(one));
  questions.at(-1)!.reject(new BrokenProtocol('status', 'too long'));
  expect(await said).toBe('BrokenProtocol');
  expect(sick).toEqual([[one.ref.id, 'protocol']]);
});

// Seen to fail with refusals taken for answers alone: a forged server ran on.
test('T39 who refuses three times in a row what every server of ours answers is to be ended; a kernel that cannot start is no such thing', async () => {
  const { questions, sick, jupyter } = scripted();
  const one = access();
  const refuse = async (said: Promise<string>) => {
    questions.at(-1)!.reject(new Answered('jupyter', 'answered 403'));
    expect(await said).toBe('Answered');
  };
  for (let n = 0; n < 5; n += 1) await refuse(outcome(jupyter.openSession(one, 'a.ipynb')));
  for (let n = 0; n < 2; n += 1) await refuse(outcome(jupyter.status(one)));
  const said = outcome(jupyter.status(one));
  questions.at(-1)!.resolve({} as never);
  expect(await said).toBe('answered');
  for (let n = 0; n < 2; n += 1) await refuse(outcome(jupyter.status(one)));
  expect(sick).toEqual([]);
  await refuse(outcome(jupyter.status(one)));
  expect(sick).toEqual([[one.ref.id, 'protocol']]);
});

test('a large file that goes on being taken does not hang, however long it takes', async () => {
  const { questions, sick, jupyter } = scripted();
  const one = access();
  const bytes = (async function* () {
    for (let n = 0; n < 20; n += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      yield new Uint8Array(1);
    }
  })();
  const put = outcome(jupyter.putBack(one, (async function* () {
    yield { path: 'a', size: 20, bytes };
  })()));
  await vi.advanceTimersByTimeAsync(1_100);
  void outcome(jupyter.putBack(one, (async function* () {})()));
  await vi.advanceTimersByTimeAsync(0);
  expect(questions).toHaveLength(2);
  questions[0]!.resolve({} as never);
  expect(await put).toBe('answered');
  expect(sick).toEqual([]);
  expect(new Resting('x').message).toContain('let alone');
});
