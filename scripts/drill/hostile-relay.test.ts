import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { placeRelay } from './hostile-relay.ts';

let folder: string;
let real: Server;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lr-'));
  real = createServer((asked, answer) => (asked.url === '/stays' ? answer.write('true') : answer.end('true')));
  real.listen(join(folder, 's'));
  await once(real, 'listening');
});
afterEach(() => {
  real.closeAllConnections();
  real.close();
  rmSync(folder, { recursive: true });
});

const ask = (path = '/') =>
  new Promise<string>((resolve, reject) => {
    request({ socketPath: join(folder, 's'), path, agent: false }, (answer) => void text(answer).then(resolve, reject)).on('error', reject).end();
  });

test('a relay leads on to the true server, answers in its place once it is turned, and leads on again', async () => {
  const relay = await placeRelay(folder);
  try {
    expect(await ask()).toBe('true');
    const stays = expect(ask('/stays')).rejects.toThrow();
    await once(real, 'request');
    relay.turn({ answer: (_, response) => void response.end('false'), upgrade: () => undefined });
    await stays;
    expect(await ask()).toBe('false');
    relay.back();
    expect(await ask()).toBe('true');
  } finally {
    relay.end();
  }
});
