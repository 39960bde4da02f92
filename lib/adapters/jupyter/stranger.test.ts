import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BrokenProtocol, UpstreamError } from '../../core/errors.ts';
import { LargerThanAsked, type PutBackFile, type ServerEvent } from '../../core/servers/jupyter.ts';
import { afterBody, dripping, endless, json, startHostile, text, type Hostile, type Says } from '../../../scripts/testing/hostile-server.ts';
import { makeJupyter, type JupyterClient } from './jupyter.ts';
import { replyBytes } from './replies.ts';

const MB = 1024 * 1024;

let hostile: Hostile;
let jupyter: JupyterClient;
beforeEach(async () => {
  [hostile, jupyter] = [await startHostile(), makeJupyter()];
});
afterEach(async () => {
  await jupyter.close();
  await hostile.end();
});

async function* nothing(): AsyncGenerator<PutBackFile> {}

/** Each reply a program reads: the last name of its path, its limit, and how it is asked for. */
const replies: [name: string, most: number, ask: () => Promise<unknown>][] = [
  ['open', replyBytes.open, () => jupyter.openSession(hostile.access, 'a.ipynb')],
  ['status', replyBytes.status, () => jupyter.status(hostile.access)],
  ['put-back', replyBytes.putBack, () => jupyter.putBack(hostile.access, nothing())],
  ['remove', replyBytes.removed, () => jupyter.remove(hostile.access, ['a'])],
  ['files', replyBytes.listing, () => jupyter.list(hostile.access)],
];
/** What the system's buffers of a socket, and one piece of ours, may hold besides. */
const BUFFERS = 3 * MB;

const rejected = async (asked: Promise<unknown>): Promise<unknown> => asked.then(() => 'answered', (error: unknown) => error);
const says = (name: string, what: Says) => hostile.says.set(name, name === 'put-back' || name === 'open' || name === 'remove' ? afterBody(what) : what);

describe('T39 what a notebook server answers', () => {
  // Seen to fail with the limit taken out of `whole`: it takes all there is until memory ends.
  test.each(replies)('%s without an end is cut at its limit, and the connection with it', async (name, most, ask) => {
    says(name, endless);
    expect(await rejected(ask())).toBeInstanceOf(BrokenProtocol);
    await vi.waitFor(() => expect(hostile.connections()).toBe(0));
    expect(hostile.taken()).toBeLessThan(most + BUFFERS);
  });

  // Seen to fail with a time-out of silence instead of the whole deadline: it goes on for ever.
  test('a byte now and then is no answer: the deadline is one for the whole', async () => {
    says('identity', dripping);
    const began = performance.now();
    expect(await jupyter.prove(hostile.access)).toBe('absent');
    expect(performance.now() - began).toBeLessThan(10_000);
    await vi.waitFor(() => expect(hostile.connections()).toBe(0));
  });

  // Seen to fail with the limit taken out of `whole`.
  test('a proof without an end is none', async () => {
    says('identity', endless);
    expect(await jupyter.prove(hostile.access)).toBe('other');
    expect(hostile.taken()).toBeLessThan(BUFFERS);
  });

  const good = { nowMs: 1, lastInputMs: 0, lastBusyMs: 0, kernels: [], terminals: 0, diskUsedBytes: 0, diskSizeBytes: 1 };
  const kernel = { kernelId: 'k', path: 'a.ipynb', state: 'idle', waitingForInput: false };
  const file = { kind: 'file', path: 'a', size: 1, sha256: 'a'.repeat(64), modifiedMs: 1 };
  // Seen to fail with the replies taken as they come.
  test.each<[string, string, unknown]>([
    ['a kernel id of 3,000 characters', 'open', { sessionId: 's', kernelId: 'k'.repeat(3000) }],
    ['no session', 'open', { kernelId: 'k' }],
    ['a list', 'open', []],
    ['an id with a slash', 'open', { sessionId: '../s', kernelId: 'k' }],
    ['a time past any number', 'status', { ...good, nowMs: 1e300 }],
    ['less than no disk', 'status', { ...good, diskUsedBytes: -1 }],
    ['text for a number', 'status', { ...good, terminals: '1' }],
    ['a state that is none', 'status', { ...good, kernels: [{ ...kernel, state: 'on fire' }] }],
    ['a path of 5,000 characters', 'status', { ...good, kernels: [{ ...kernel, path: 'p'.repeat(5000) }] }],
    ['2,000 kernels', 'status', { ...good, kernels: Array.from({ length: 2000 }, () => ({ ...kernel, path: null })) }],
    ['half a byte', 'files', { entries: [{ ...file, size: 0.5 }], complete: true }],
    ['a hash that is none', 'files', { entries: [{ ...file, sha256: 'z' }], complete: true }],
    ['a device', 'files', { entries: [{ ...file, kind: 'device' }], complete: true }],
    ['20,001 entries', 'files', { entries: Array.from({ length: 20_001 }, (_, n) => ({ kind: 'directory', path: `d${n}` })), complete: true }],
    ['a hash for each path but one', 'put-back', { written: { a: 'no' }, refused: [] }],
    ['why that is none', 'put-back', { written: {}, refused: [{ path: 'a', why: 'because' }] }],
    ['null', 'remove', null],
  ])('with %s in %s is refused, and nothing of it goes on', async (_what, name, value) => {
    says(name, json(value));
    const error = await rejected(replies.find(([known]) => known === name)![2]());
    expect(error).toBeInstanceOf(BrokenProtocol);
    expect((error as Error).message.length).toBeLessThan(300);
  });

  test('that is no JSON is refused', async () => {
    says('status', text('<html>'));
    expect(await rejected(jupyter.status(hostile.access))).toBeInstanceOf(BrokenProtocol);
  });

  // Seen to fail with the text of an error read whole.
  test('of an error is kept as a few words a log may hold', async () => {
    says('status', (response) => {
      response.writeHead(500);
      const more = () => {
        while (!response.destroyed && response.write(`\u001b[31m\u202ebad\n${'x'.repeat(MB)}`));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    const error = (await rejected(jupyter.status(hostile.access))) as UpstreamError;
    expect(error).toBeInstanceOf(UpstreamError);
    expect(String(error.cause).length).toBeLessThanOrEqual(300);
    expect(String(error.cause)).toMatch(/^ \[31m bad x/);
    expect(hostile.taken()).toBeLessThan(BUFFERS);
  });
});

describe('T42 a file', () => {
  const whole = async (mostBytes: number) => {
    const found = await jupyter.read(hostile.access, 'a', mostBytes);
    let length = 0;
    for await (const piece of found!.bytes) length += piece.length;
    return length;
  };
  const announced = (size: number, then: Says): Says => (response, request) => {
    response.writeHead(200, { 'content-length': size, 'x-lectern-sha256': 'a'.repeat(64) });
    then(response, request);
  };

  // Seen to fail with the size not compared with what was asked for.
  test('larger than it was listed is refused before its first byte', async () => {
    hostile.says.set('files', announced(1500 * MB, (response) => response.flushHeaders()));
    expect(await rejected(whole(10))).toBeInstanceOf(LargerThanAsked);
    await vi.waitFor(() => expect(hostile.connections()).toBe(0));
  });

  test('without a size is refused, and one without an end with it', async () => {
    hostile.says.set('files', (response, request) => {
      response.setHeader('x-lectern-sha256', 'a'.repeat(64));
      endless(response, request);
    });
    expect(await rejected(whole(10))).toBeInstanceOf(BrokenProtocol);
    await vi.waitFor(() => expect(hostile.connections()).toBe(0));
    expect(hostile.taken()).toBeLessThan(BUFFERS);
  });

  test('that ends before its size, or is not the one announced, is an error', async () => {
    hostile.says.set('files', announced(10, (response) => void response.write('12345', () => response.destroy())));
    expect(await rejected(whole(10))).toBeInstanceOf(UpstreamError);
    hostile.says.set('files', announced(5, (response) => response.end('12345')));
    expect(await rejected(whole(10))).toBeInstanceOf(UpstreamError);
  });
});

describe('T40 events', () => {
  const hear = async (until: (heard: ServerEvent[]) => boolean) => {
    const stop = new AbortController();
    const heard: ServerEvent[] = [];
    for await (const event of jupyter.events(hostile.access, stop.signal)) {
      heard.push(event);
      if (until(heard)) stop.abort();
    }
    return heard;
  };

  // Seen to fail with the limit taken out of `lines`.
  test('a line without an end is ended at the line’s limit', async () => {
    hostile.says.set('events', endless);
    expect(await rejected(hear(() => false))).toBeInstanceOf(BrokenProtocol);
    await vi.waitFor(() => expect(hostile.connections()).toBe(0));
    expect(hostile.taken()).toBeLessThan(BUFFERS);
  });

  test.each(['not json', '{"kind":"made up"}', '{"kind":"busy"}', `{"kind":"busy","kernelId":"${'k'.repeat(1000)}"}`])('%s is none', async (line) => {
    hostile.says.set('events', text(`\n${line}\n`));
    expect(await rejected(hear(() => false))).toBeInstanceOf(BrokenProtocol);
  });

  // Seen to fail without the pace: all of them come in a fraction of a second; and the last with empty lines let past it.
  test.each([
    ['events', '{"kind":"input"}\n'],
    ['signs of life with an event after each three', '\n\n\n{"kind":"input"}\n'],
  ])('%s, faster than any server has them, are read at our pace, and the rest waits there', async (_what, line) => {
    const many = Buffer.from(line.repeat(50_000));
    hostile.says.set('events', (response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(many));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    const began = performance.now();
    const lines = line.split('\n').length - 1;
    await hear((heard) => heard.length * lines >= 550 || performance.now() - began > 20_000);
    expect(performance.now() - began).toBeGreaterThan(700);
    expect(hostile.taken()).toBeLessThan(BUFFERS);
  });
});
