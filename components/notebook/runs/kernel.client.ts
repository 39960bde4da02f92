import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { KernelConnection } from '@jupyterlab/services/lib/kernel/default.js';
import { ServerConnection } from '@jupyterlab/services/lib/serverconnection.js';
import type { JsonObject } from '../../../lib/core/lessons/json.ts';
import type { EarlySocket } from './early-socket.client.ts';
import { eventOf, type KernelEvent } from './execution.ts';

export type Question = { prompt: string; password: boolean; answer: (text: string) => void };

export type RunListener = {
  event(event: KernelEvent): void;
  asked(question: Question | undefined): void;
  started(): void;
  done(result: 'ok' | 'error' | 'aborted'): void;
};

export type Completions = { matches: string[]; from: number; to: number };

/** One uninterrupted connection to a kernel. When it is lost it is over; whoever holds it connects again and asks the output log. */
export type KernelLink = {
  execute(code: string, cellId: string, listener: RunListener): string;
  complete(code: string, at: number): Promise<Completions>;
  close(): void;
};

type Hooks = {
  /** The socket is open: the server reads from it once its own channels to the kernel are, so what is sent now arrives. `anew`: what the kernel said before now was not heard. */
  connected(anew: boolean): void;
  lost(): void;
  status(status: 'starting' | 'idle' | 'busy' | 'restarting'): void;
  /** Something was put out for an execution that is not of this connection. */
  foreign(): void;
};

const statuses: { [status: string]: 'starting' | 'idle' | 'busy' | 'restarting' } = { starting: 'starting', idle: 'idle', busy: 'busy', restarting: 'restarting', autorestarting: 'restarting' };

/** Connects to the kernel, by the early socket where it lasted. Nothing may be executed before `connected`. */
export function connectKernel(origin: string, kernelId: string, early: EarlySocket | undefined, hooks: Hooks): KernelLink {
  let closed = false;
  const over = () => {
    if (closed) return;
    closed = true;
    // In a task of its own: the library still works on the event that brought us here.
    setTimeout(() => kernel.dispose());
    hooks.lost();
  };

  // The library's own reconnecting waits up to 30 s and loses lines; ours re-enters and replays.
  let ready = early?.take();
  const anew = ready === undefined;
  const clientId = ready && early?.session;
  function Socket(url: string | URL, protocols?: string | string[]): WebSocket {
    const socket = ready ?? new WebSocket(url, protocols);
    ready = undefined;
    socket.addEventListener('close', over);
    return socket;
  }

  const serverSettings = ServerConnection.makeSettings({
    baseUrl: `${origin}/`,
    wsUrl: `${origin.replace(/^http/, 'ws')}/`,
    token: '',
    appendToken: false,
    init: { cache: 'no-store', credentials: 'include', mode: 'cors' },
    fetch: (input, init) => fetch(input, init),
    WebSocket: Socket as unknown as typeof WebSocket,
  });
  const kernel: Kernel.IKernelConnection = new KernelConnection({ model: { id: kernelId, name: 'python3' }, clientId, serverSettings, handleComms: false });
  // It would also do so when the kernel has begun again, and fail aloud when we dispose of it.
  kernel.reconnect = () => Promise.resolve();

  const mine = new Set<string>();
  kernel.connectionStatusChanged.connect((_, status) => {
    if (status === 'connected') hooks.connected(anew);
  });
  kernel.statusChanged.connect((_, status) => {
    const known = statuses[status];
    if (known) hooks.status(known);
    if (status === 'autorestarting' || status === 'dead') over();
  });
  kernel.iopubMessage.connect((_, message) => {
    const parent = message.parent_header as { msg_id?: string; msg_type?: string };
    if (parent.msg_type === 'execute_request' && parent.msg_id && !mine.has(parent.msg_id)) hooks.foreign();
  });

  return {
    execute(code, cellId, listener) {
      const future = kernel.requestExecute({ code, allow_stdin: true, stop_on_error: true }, true, { cellId });
      mine.add(future.msg.header.msg_id);
      let started = false;
      future.onIOPub = (message) => {
        if (!started) {
          started = true;
          listener.started();
        }
        const event = eventOf({ type: message.header.msg_type, content: message.content as unknown as JsonObject });
        if (event) listener.event(event);
      };
      future.onStdin = (message) => {
        if (message.header.msg_type !== 'input_request') return;
        const { prompt, password } = message.content as KernelMessage.IInputRequestMsg['content'];
        const { header } = message as KernelMessage.IInputRequestMsg;
        listener.asked({
          prompt,
          password,
          answer: (value) => {
            listener.asked(undefined);
            future.sendInputReply({ status: 'ok', value }, header);
          },
        });
      };
      future.done.then(
        ({ content }) => listener.done(content.status === 'ok' ? 'ok' : content.status === 'error' ? 'error' : 'aborted'),
        // Disposed with the connection: the output log knows how it went on.
        () => undefined,
      );
      return future.msg.header.msg_id;
    },
    async complete(code, at) {
      // Jupyter counts characters, JavaScript UTF-16 units.
      const { content } = await kernel.requestComplete({ code, cursor_pos: [...code.slice(0, at)].length });
      if (content.status !== 'ok') return { matches: [], from: at, to: at };
      const unit = (characters: number) => [...code].slice(0, characters).join('').length;
      return { matches: content.matches, from: unit(content.cursor_start), to: unit(content.cursor_end) };
    },
    close() {
      closed = true;
      kernel.dispose();
    },
  };
}
