import type { Entry } from '../../../lib/core/servers/view.ts';

/** A kernel's socket that was opened before anything needed it. */
export type EarlySocket = {
  /** Of the socket's address; whoever takes it goes on under this id. */
  session: string;
  /** Whether the browser was let in: said when it is open, or will never be. */
  opened: Promise<boolean>;
  /** The socket, once, with what came meanwhile told to the `onopen` and `onmessage` that are set on it at once. None when it is not open. */
  take(): WebSocket | undefined;
  close(): void;
};

/** More messages than these wait for nobody: somebody else uses the kernel, and the output log keeps what it says. */
const mostKept = 200;

/**
 * Enters the notebook's origin by the kernel's socket, while the page is still being read: the answer to its opening sets
 * the origin's cookie. Jupyter takes some 50 ms for it and for seeing that the kernel answers there; *Run* then waits for
 * neither. It needs no library, which is loaded when something runs.
 */
export function openEarly({ origin, kernelId, grant }: Pick<Entry, 'origin' | 'kernelId' | 'grant'>): EarlySocket {
  const session = crypto.randomUUID();
  const socket = new WebSocket(`${origin.replace(/^http/, 'ws')}/api/kernels/${encodeURIComponent(kernelId)}/channels?session_id=${session}`, ['v1.kernel.websocket.jupyter.org', `lectern.grant.${grant}`]);
  socket.binaryType = 'arraybuffer';
  const kept: MessageEvent[] = [];
  let taken = false;
  const keep = (event: MessageEvent) => {
    if (kept.push(event) > mostKept) socket.close();
  };
  const opened = new Promise<boolean>((resolve) => {
    socket.addEventListener('open', () => resolve(true), { once: true });
    socket.addEventListener('close', () => resolve(false), { once: true });
  });
  socket.addEventListener('message', keep);
  return {
    session,
    opened,
    take() {
      if (taken || socket.readyState !== WebSocket.OPEN) return undefined;
      taken = true;
      socket.removeEventListener('message', keep);
      queueMicrotask(() => {
        // Its own event is over, or in its midst for who heard of it by `opened`.
        socket.onopen?.(new Event('open'));
        for (const event of kept.splice(0)) socket.onmessage?.(event);
      });
      return socket;
    },
    close() {
      if (!taken) socket.close();
    },
  };
}
