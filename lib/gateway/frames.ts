const LONGEST_HEAD = 14;
const CLOSE = 0x8;

/** WebSocket frames as a server sends them: whole, unmasked, without payload but for the close code (RFC 6455, 5.5). */
export const PING = Buffer.from([0x89, 0]);
export const closeFrame = (code: number): Buffer => Buffer.from([0x88, 2, code >> 8, code & 0xff]);

/** Goes away while the service restarts; clients come back by themselves. */
export const SERVICE_RESTART = 1012;
export const POLICY = 1008;

export type Frames = {
  /** Follows the stream by its frame heads alone; payloads are skipped. */
  pass(chunk: Buffer): void;
  /** Whether a frame of ours may be put in here: the stream stands between two frames, and no close has been sent. */
  open(): boolean;
};

/** Knows where frames begin and end in one direction of a piped WebSocket (lib/decisions/pings-between-frames.md). */
export function followFrames(): Frames {
  const head = Buffer.alloc(LONGEST_HEAD);
  let have = 0;
  let payload = 0;
  let closed = false;
  return {
    pass(chunk) {
      let at = 0;
      while (at < chunk.length) {
        if (payload > 0) {
          const skipped = Math.min(payload, chunk.length - at);
          payload -= skipped;
          at += skipped;
          continue;
        }
        head[have++] = chunk[at++]!;
        if (have < 2 || have < headSize(head)) continue;
        closed ||= (head[0]! & 0xf) === CLOSE;
        payload = payloadSize(head);
        have = 0;
      }
    },
    open: () => payload === 0 && have === 0 && !closed,
  };
}

function headSize(head: Buffer): number {
  const length = head[1]! & 0x7f;
  return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (head[1]! & 0x80 ? 4 : 0);
}

function payloadSize(head: Buffer): number {
  const length = head[1]! & 0x7f;
  if (length === 126) return head.readUInt16BE(2);
  return length === 127 ? Number(head.readBigUInt64BE(2)) : length;
}
