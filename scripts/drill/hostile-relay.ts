import { createServer, type RequestListener } from 'node:http';
import { once } from 'node:events';
import { renameSync } from 'node:fs';
import { connect, createServer as listen, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { IncomingMessage } from 'node:http';

/** How somebody answers who has taken over a server. */
export type Says = { answer: RequestListener; upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void };

export type Relay = {
  /** Where the true server listens now. */
  real: string;
  /** All that is asked from now on is answered by `says`; what stands breaks. */
  turn(says: Says): void;
  /** Leads on to the true one again. */
  back(): void;
  end(): void;
};

/**
 * Takes the place of a server that begins at this moment, before anybody has spoken with it: the socket in its folder becomes ours, and
 * leads on to the true one until it is turned. Whoever runs code in a server could do the same from inside.
 */
export async function placeRelay(folder: string): Promise<Relay> {
  const [place, fresh, real] = ['s', 's.new', 's.real'].map((name) => join(folder, name)) as [string, string, string];
  const sockets = new Set<Duplex>();
  const keep = <S extends Socket>(socket: S): S => {
    sockets.add(socket.on('error', () => socket.destroy()));
    socket.once('close', () => sockets.delete(socket));
    return socket;
  };
  const http = createServer();
  http.on('clientError', (_, socket) => socket.destroy());
  let isTurned = false;
  const relay = listen((socket) => {
    keep(socket);
    if (isTurned) return void http.emit('connection', socket);
    const onward = keep(connect(real));
    socket.pipe(onward).pipe(socket);
    socket.once('close', () => onward.destroy());
    onward.once('close', () => socket.destroy());
  });
  relay.listen(fresh);
  await once(relay, 'listening');
  renameSync(place, real);
  renameSync(fresh, place);
  return {
    real,
    turn({ answer, upgrade }) {
      isTurned = true;
      for (const socket of sockets) socket.destroy();
      http.on('request', answer).on('upgrade', upgrade);
    },
    back() {
      isTurned = false;
      for (const socket of sockets) socket.destroy();
    },
    end() {
      relay.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
