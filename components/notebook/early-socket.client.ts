/** A kernel's socket that was opened before anything needed it. */
export type EarlySocket = {
  /** Of the socket's address; whoever takes it goes on under this id. */
  session: string;
  /** Resolves when it is open, or will never be. */
  opened: Promise<void>;
  /** The socket, once, with what came meanwhile told to the `onopen` and `onmessage` that are set on it at once. None when it did not last. */
  take(): WebSocket | undefined;
  close(): void;
};

/** More messages than these wait for nobody: somebody else uses the kernel, and the output log keeps what it says. */
const mostKept = 200;

/**
 * Opens the kernel's socket while the page is still being read. Jupyter takes some 50 ms for it and for seeing that the
 * kernel answers there; *Run* then waits for neither. It needs no library, which is loaded when something runs.
 */
export function openEarly(origin: string, kernelId: string): EarlySocket {
  const session = crypto.randomUUID();
  const socket = new WebSocket(`${origin.replace(/^http/, 'ws')}/api/kernels/${encodeURIComponent(kernelId)}/channels?session_id=${session}`, ['v1.kernel.websocket.jupyter.org']);
  socket.binaryType = 'arraybuffer';
  const kept: MessageEvent[] = [];
  let isOpen = false;
  let taken = false;
  const keep = (event: MessageEvent) => {
    if (kept.push(event) > mostKept) socket.close();
  };
  const opened = new Promise<void>((resolve) => {
    socket.addEventListener('open', () => resolve(), { once: true });
    socket.addEventListener('close', () => resolve(), { once: true });
  });
  socket.addEventListener('open', () => (isOpen = true), { once: true });
  socket.addEventListener('message', keep);
  return {
    session,
    opened,
    take() {
      if (taken || socket.readyState > WebSocket.OPEN) return undefined;
      taken = true;
      const wasOpen = isOpen;
      socket.removeEventListener('message', keep);
      queueMicrotask(() => {
        if (wasOpen) socket.onopen?.(new Event('open'));
        for (const event of kept.splice(0)) socket.onmessage?.(event);
      });
      return socket;
    },
    close() {
      if (!taken) socket.close();
    },
  };
}
