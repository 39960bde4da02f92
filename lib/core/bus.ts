import type { ServerId, SessionId, UserId, WorkspaceId } from './ids.ts';

/** What programs tell each other at once; the database rows stay the truth. Never carries a save or a secret. */
export type BusEvent =
  /** `unmarked`: its generation, where it is somebody's and nobody enters it before the controller has marked it. */
  | { kind: 'server'; id: ServerId; workspace?: WorkspaceId; unmarked?: number }
  | { kind: 'session-ended'; session: SessionId; user: UserId }
  | { kind: 'user-changed'; user: UserId }
  | { kind: 'notebook'; workspace: WorkspaceId; path: string };

export interface Bus {
  publish(event: BusEvent): Promise<void>;
  /**
   * `onReset` is called after each reconnect and each missed heartbeat: events may have been lost, so drop caches and re-read.
   * @returns stops listening
   */
  subscribe(onEvent: (event: BusEvent) => void, onReset: () => void): () => void;
  /** Whether events of other programs are heard now. Not before the first `subscribe`; a death is seen within one heartbeat's limit. */
  isListening(): boolean;
}
