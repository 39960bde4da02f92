import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import WebSocket from 'ws';
import type { Access } from '../../lib/core/servers/jupyter.ts';

type Message = { channel: string; header: { msg_type: string; msg_id: string }; parent_header: { msg_id?: string }; content: Record<string, unknown> };

/** A client of one kernel as a browser is one, straight to the server: for tests that look at what code can do. */
export class Kernel {
  readonly messages: Message[] = [];
  private readonly socket: WebSocket;
  private readonly session: string;
  private arrived: () => void = () => undefined;

  private constructor(socket: WebSocket, session: string) {
    this.socket = socket;
    this.session = session;
    socket.on('message', (data: Buffer) => {
      this.messages.push(JSON.parse(data.toString()) as Message);
      this.arrived();
    });
    socket.on('close', () => this.arrived());
  }

  static async connect({ address, secrets }: Access, kernelId: string, sessionId: string = randomUUID()): Promise<Kernel> {
    const base = address.kind === 'unix' ? `ws+unix://${address.path}:` : `ws://${address.host}:${address.port}`;
    const socket = new WebSocket(`${base}/api/kernels/${kernelId}/channels?session_id=${sessionId}`, { headers: { authorization: `token ${secrets.token}` }, maxPayload: 1 << 28 });
    const kernel = new Kernel(socket, sessionId);
    await once(socket, 'open');
    return kernel;
  }

  /** Sends code and answers its message id at once. */
  send(code: string, cellId = 'cell'): string {
    const id = randomUUID();
    const header = { msg_id: id, msg_type: 'execute_request', username: '', session: this.session, version: '5.4', date: new Date().toISOString() };
    const content = { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: true, stop_on_error: true };
    this.socket.send(JSON.stringify({ channel: 'shell', header, parent_header: {}, metadata: { cellId }, content, buffers: [] }));
    return id;
  }

  /** Runs code to its end and answers all it wrote: both streams, results and the error as `Name: text`. */
  async run(code: string, withinMs = 200_000): Promise<string> {
    const id = this.send(code);
    await this.until((message) => message.parent_header.msg_id === id && message.header.msg_type === 'status' && message.content.execution_state === 'idle', withinMs);
    return this.messages.filter((message) => message.parent_header.msg_id === id).map(textOf).join('');
  }

  /** Waits for a message; those that came before count. */
  async until(wanted: (message: Message) => boolean, withinMs = 200_000): Promise<Message> {
    const deadline = Date.now() + withinMs;
    for (let seen = 0; ; ) {
      for (; seen < this.messages.length; seen++) if (wanted(this.messages[seen]!)) return this.messages[seen]!;
      if (this.socket.readyState !== WebSocket.OPEN || Date.now() > deadline) throw new Error(`the kernel did not answer (connection ${this.socket.readyState}); last: ${JSON.stringify(this.messages.at(-1))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 500);
        this.arrived = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  close(): void {
    this.socket.terminate();
  }
}

function textOf({ header, content }: Message): string {
  if (header.msg_type === 'stream') return String(content.text);
  if (header.msg_type === 'error') return `${content.ename as string}: ${content.evalue as string}`;
  if (header.msg_type === 'execute_result') return String((content.data as Record<string, string>)['text/plain']);
  return '';
}
