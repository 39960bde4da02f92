import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocketServer, type WebSocket as Peer } from 'ws';
import { openEarly } from './early-socket.client.ts';

let kernel: WebSocketServer;
let origin: string;
beforeEach(async () => {
  kernel = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(kernel, 'listening');
  origin = `http://127.0.0.1:${(kernel.address() as AddressInfo).port}`;
});
afterEach(() => {
  for (const client of kernel.clients) client.terminate();
  return new Promise<void>((closed) => kernel.close(() => closed()));
});

const connected = async () => ((await once(kernel, 'connection')) as [Peer])[0];
const text = ({ data }: MessageEvent) => Buffer.from(data as ArrayBuffer).toString();

test('what came before anybody took the socket is told to whoever does, and then what comes', async () => {
  const early = openEarly({ origin, kernelId: 'k', grant: 'g' });
  const peer = await connected();
  peer.send(Buffer.from('first'));
  peer.send(Buffer.from('second'));
  // Its answer to the ping comes after both.
  peer.ping();
  await once(peer, 'pong');
  await early.opened;

  const heard: string[] = [];
  const socket = early.take()!;
  const third = new Promise<void>((done) => {
    socket.onopen = () => heard.push('open');
    socket.onmessage = (event) => heard.push(text(event)) === 4 && done();
  });
  peer.send(Buffer.from('third'));
  await third;
  expect(heard).toEqual(['open', 'first', 'second', 'third']);
  expect(early.take()).toBeUndefined();
  socket.close();
});

test('a socket that did not last is not handed out', async () => {
  kernel.close();
  const early = openEarly({ origin, kernelId: 'k', grant: 'g' });
  await early.opened;
  expect(early.take()).toBeUndefined();
});

// Seen to fail with all of them kept: the socket stayed open.
test('a kernel that others keep busy does not fill the page’s memory', async () => {
  openEarly({ origin, kernelId: 'k', grant: 'g' });
  const peer = await connected();
  for (let count = 0; count < 300; count += 1) peer.send(Buffer.from('line'));
  await once(peer, 'close');
});

test('a socket that nobody took is closed with what it was opened for, and one that was taken is not', async () => {
  const early = openEarly({ origin, kernelId: 'k', grant: 'g' });
  const peer = await connected();
  await early.opened;
  early.close();
  await once(peer, 'close');

  const taken = openEarly({ origin, kernelId: 'k', grant: 'g' });
  await connected();
  await taken.opened;
  const socket = taken.take()!;
  taken.close();
  expect(socket.readyState).toBe(WebSocket.OPEN);
  socket.close();
});
