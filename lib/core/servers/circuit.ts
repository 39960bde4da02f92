import { Answered, BrokenProtocol, UpstreamError } from '../errors.ts';
import { makeRemembered } from '../remembered.ts';
import type { EndReason } from './reason.ts';
import type { Access, Jupyter, PutBackFile } from './jupyter.ts';
import type { ServerRef } from './server.ts';

/** What is known of one kind of question to one server. `open`: it is not asked. `trying`: one question is under way to see. */
export type Circuit = { state: 'closed'; hung: number } | { state: 'open'; hung: number; until: number } | { state: 'trying'; hung: number };

export const unbroken: Circuit = { state: 'closed', hung: 0 };

export type CircuitLimits = {
  /** A question to which nothing has come, and of whose body nothing was taken, for so long is one that hangs. Of a walk over a whole disk or a new kernel, `longMs`. */
  hungMs: number;
  longMs: number;
  /** How long the server is not asked then. */
  restMs: number;
  /** So many in a row that hang, and no server of ours is like that: it is to be ended. */
  most: number;
};

/**
 * A status takes milliseconds, and seconds on a machine where a class begins. Shorter than the deadlines of adapters/jupyter, which would
 * end a question before it counts. A server that hangs is ended within a minute of the third question in a row.
 */
const limits: CircuitLimits = { hungMs: 10_000, longMs: 60_000, restMs: 10_000, most: 3 };

/** Whether to ask now, and what is known then. */
export function asked(circuit: Circuit, now: number): { circuit: Circuit; go: boolean } {
  if (circuit.state === 'closed') return { circuit, go: true };
  if (circuit.state === 'open' && now >= circuit.until) return { circuit: { state: 'trying', hung: circuit.hung }, go: true };
  return { circuit, go: false };
}

/** An answer of any kind ends it; one more that hangs lets the server rest. Of many that hang at once, one counts: they hang together. */
export function after(circuit: Circuit, came: 'answered' | 'hung', now: number, { restMs }: Pick<CircuitLimits, 'restMs'>): Circuit {
  if (came === 'answered') return unbroken;
  return circuit.state === 'open' ? circuit : { state: 'open', hung: circuit.hung + 1, until: now + restMs };
}

/** The server was not asked: it has not answered lately. */
export class Resting extends UpstreamError {
  override name = 'Resting';

  constructor(doing: string) {
    super('jupyter', `${doing}: it has not answered lately, and is let alone for a moment`);
  }
}

/** What a server of ours always answers; who refuses it so many times in a row (`most`) is another one, or does not know us any more. */
const ALWAYS = new Set(['ask for the status', 'list files']);

/** Kinds of questions remembered, each of one server: a few for each of thousands. */
const REMEMBERED = 10_000;

/**
 * The same, but a server that hangs is not asked again and again: by whoever has many to ask, that time is better spent on the others
 * (THREATS T43). One kind of question does not speak for another: who answers what is asked every minute may still take in no file.
 *
 * @param onSick the server is to be ended: it hangs, or answered as no server of ours does. Told once in a while, not once.
 */
export function withCircuits<J extends Jupyter>(jupyter: J, onSick: (server: ServerRef, why: Extract<EndReason, 'hung' | 'protocol'>) => void, { hungMs, longMs, restMs, most }: CircuitLimits = limits): J {
  const circuits = makeRemembered<Circuit>(REMEMBERED);
  /** Refusals in a row of what is always answered. */
  const refused = makeRemembered<number>(REMEMBERED);

  /** `work` gets a function to call whenever something moved. */
  async function guarded<T>({ ref }: Access, doing: string, patienceMs: number, work: (moved: () => void) => Promise<T>): Promise<T> {
    const key = `${ref.id}/${ref.generation} ${doing}`;
    const { circuit, go } = asked(circuits.get(key) ?? unbroken, performance.now());
    if (!go) throw new Resting(doing);
    circuits.keep(key, circuit);
    const came = (what: 'answered' | 'hung') => {
      const next = circuits.keep(key, after(circuits.get(key) ?? unbroken, what, performance.now(), { restMs }));
      if (next.hung >= most) onSick(ref, 'hung');
    };
    let isHung = false;
    const hang = () => {
      isHung = true;
      came('hung');
    };
    let timer = setTimeout(hang, patienceMs);
    const moved = () => {
      if (isHung) return;
      clearTimeout(timer);
      timer = setTimeout(hang, patienceMs);
    };
    try {
      const done = await work(moved);
      came('answered');
      if (refused.get(key)) refused.keep(key, 0);
      return done;
    } catch (error) {
      const times = error instanceof Answered && ALWAYS.has(doing) ? refused.keep(key, (refused.get(key) ?? 0) + 1) : 0;
      if (error instanceof BrokenProtocol || times >= most) onSick(ref, 'protocol');
      // Sooner than that it said no, or was not there: neither hangs.
      if (!isHung) came('answered');
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    ...jupyter,
    putBack: (access, files) => guarded(access, 'put back files', 2 * hungMs, (moved) => jupyter.putBack(access, watched(files, moved))),
    remove: (access, paths) => guarded(access, 'remove files', hungMs, () => jupyter.remove(access, paths)),
    list: (access) => guarded(access, 'list files', longMs, () => jupyter.list(access)),
    read: (access, path, mostBytes) => guarded(access, 'read a file', longMs, () => jupyter.read(access, path, mostBytes)),
    openSession: (access, path) => guarded(access, 'open a session', longMs, () => jupyter.openSession(access, path)),
    status: (access) => guarded(access, 'ask for the status', hungMs, () => jupyter.status(access)),
  };
}

async function* watched(files: AsyncIterable<PutBackFile>, moved: () => void): AsyncGenerator<PutBackFile> {
  for await (const file of files) yield 'bytes' in file ? { ...file, bytes: each(file.bytes, moved) } : file;
}

async function* each(bytes: AsyncIterable<Uint8Array>, moved: () => void): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    moved();
    yield piece;
  }
}
