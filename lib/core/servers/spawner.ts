import { UpstreamError } from '../errors.ts';
import type { EndReason } from './reason.ts';
import type { Address, Profile, Profiles, ServerRef, Stage } from './server.ts';
import type { Shortfall } from './shortfall.ts';

/** What the spawner sees of one server. `instance` is the spawner's own name of what it made; it differs after each remake. */
export type Sighting =
  | { state: 'absent' }
  | { state: 'pending'; stage: Stage; instance: string }
  | { state: 'ready'; address: Address; instance: string; memoryBytes?: number }
  | { state: 'ended'; reason: EndReason; instance: string };

/** Secrets of one server, derived and never stored: its Jupyter token and the key it proves its identity with. */
export type ServerSecrets = { token: string; identityKey: string };

export type Listed = ServerRef & {
  claimed: boolean;
  /** Its mark holds, but lies beside it so far: it is to be marked once more when there is time. */
  markAgain?: boolean;
  /** It would be made otherwise now: from another image, or with other limits. Said where servers outlive an upgrade. */
  outdated?: boolean;
  sighting: Exclude<Sighting, { state: 'absent' }>;
};

/** There is room for no further server, until one of those there are has ended. */
export class NoRoom extends UpstreamError {
  override name = 'NoRoom';
}

/**
 * Runs notebook servers: a Jupyter Server each, with the notebook environment's extension and one warm kernel.
 * Every method may be called again after a crash of the controller, so each is idempotent for the same reference.
 */
export interface Spawner {
  /**
   * Asks for the server and returns soon; `look` tells when it is ready. A second start of the same reference changes nothing.
   * `claimed`: it is made for somebody. A spawner for which a mark is a call of its own makes it with the mark.
   * @throws NoRoom where all that may be made are made; UpstreamError('sandbox' | 'cluster') when it cannot be asked for otherwise
   */
  start(server: ServerRef, profile: Profile, secrets: ServerSecrets, claimed?: boolean): Promise<void>;
  /** May be called before `start`, during it, and after the server died. */
  look(server: ServerRef): Promise<Sighting>;
  /**
   * Resolves once nothing of the server is left: no process, socket, file or pod. Absent is not an error. With `instance`,
   * ends that instance only and leaves a remade one alone.
   */
  stop(server: ServerRef, instance?: string): Promise<void>;
  /** Everything this spawner runs or has the remains of, known to the database or not: the sweep for orphans. `profiles`: what servers are made of now. */
  list(profiles?: Profiles): Promise<Listed[]>;
  /** Marks the server as somebody's, one-way and outside the sandbox, so that no restored database can put it in a pool. */
  mark(server: ServerRef): Promise<void>;
  /** Told when a look may be worth it; loses and repeats at will. */
  onChange(listener: (server: ServerRef) => void): () => void;
  /** What servers are not held to where they run, though their profile says it. */
  shortfalls(): Promise<Shortfall[]>;
}
