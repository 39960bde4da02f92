import type { Duplex } from 'node:stream';
import type { Asking } from '../core/auth/access.ts';
import type { ServerRef } from '../core/servers/server.ts';
import { closeFrame, followFrames, PING, type Frames } from './frames.ts';

/** A WebSocket that stands between a browser and a server. */
export type Open = {
  readonly asking: Asking;
  readonly server: ServerRef;
  readonly rights: string;
  /** Says goodbye with the code where the stream allows it, and closes both sides. */
  close(code: number): void;
};

type Piped = Open & { tick(now: number): void };

export type Patience = { /** Silence after which the browser is asked whether it is there. */ pingMs: number; /** Silence after which it is not. */ deadMs: number };

/** Time for a goodbye to be read. */
const GOODBYE_MS = 300;

/** Every open WebSocket: to cut those whose right ended, to notice those nobody answers any more, to say goodbye to all. */
export function makeSockets({ pingMs, deadMs }: Patience, now: () => number = Date.now) {
  const open = new Set<Piped>();
  const timer = setInterval(() => {
    for (const socket of open) socket.tick(now());
  }, pingMs / 3);
  timer.unref();

  return {
    get size() {
      return open.size;
    },

    /** Pipes the two from now on; whichever side ends, ends both. */
    join(browser: Duplex, server: Duplex, who: Omit<Open, 'close'>) {
      const frames = followFrames();
      const lively = makeLiveliness(browser, frames, { pingMs, deadMs }, now());
      const piped: Piped = {
        ...who,
        tick: (at) => lively.tick(at),
        close(code) {
          open.delete(piped);
          server.destroy();
          if (browser.destroyed) return;
          if (!frames.open()) return void browser.destroy();
          browser.end(closeFrame(code));
          const cut = setTimeout(() => browser.destroy(), GOODBYE_MS);
          browser.once('close', () => clearTimeout(cut));
        },
      };
      open.add(piped);
      browser.on('data', (chunk: Buffer) => {
        lively.heard(now());
        if (!server.destroyed && !server.write(chunk)) browser.pause();
      });
      server.on('drain', () => browser.resume());
      server.on('data', (chunk: Buffer) => {
        if (browser.destroyed || browser.writableEnded) return;
        frames.pass(chunk);
        if (!browser.write(chunk)) server.pause();
        lively.passed();
      });
      browser.on('drain', () => server.resume());
      server.on('end', () => browser.end());
      browser.on('end', () => server.end());
      for (const side of [browser, server]) {
        side.on('error', () => side.destroy());
        side.on('close', () => {
          open.delete(piped);
          // What was written last still goes out; a side that does not take it is cut.
          const other = side === browser ? server : browser;
          other.end();
          const cut = setTimeout(() => other.destroy(), GOODBYE_MS);
          other.once('close', () => clearTimeout(cut));
          if (other.destroyed) clearTimeout(cut);
        });
      }
      browser.resume();
      server.resume();
    },

    *[Symbol.iterator](): Generator<Open> {
      yield* open;
    },

    closeAll(code: number) {
      for (const socket of [...open]) socket.close(code);
    },

    stop() {
      clearInterval(timer);
    },
  };
}

export type Sockets = ReturnType<typeof makeSockets>;

/** Asks a silent browser with a ping of our own, put between two frames of the server's; any byte is an answer. */
function makeLiveliness(browser: Duplex, frames: Frames, { pingMs, deadMs }: Patience, since: number) {
  let heardAt = since;
  let askedAt = since;
  let due = false;
  const ask = () => {
    if (!due || !frames.open() || browser.writableEnded) return;
    due = false;
    browser.write(PING);
  };
  return {
    heard(at: number) {
      heardAt = at;
    },
    passed: ask,
    tick(at: number) {
      if (at - heardAt > deadMs) return void browser.destroy();
      if (at - Math.max(heardAt, askedAt) < pingMs) return;
      askedAt = at;
      due = true;
      ask();
    },
  };
}
