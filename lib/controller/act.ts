import { UpstreamError } from '../core/errors.ts';
import type { Lease } from '../core/servers/lease.ts';
import type { Access, Jupyter } from '../core/servers/jupyter.ts';
import { afterFailedStart, endStateOf, type Action, type Limits } from '../core/servers/reconcile.ts';
import { accessTo, findAccess, serverSecrets, type ServerKeys } from '../core/servers/secrets.ts';
import type { Address, Profile, Server, ServerRef } from '../core/servers/server.ts';
import { NoRoom, type Spawner } from '../core/servers/spawner.ts';
import type { ServerStore } from '../core/servers/store.ts';
import type { Snapshots } from '../core/workspaces/snapshot.ts';
import type { Term } from './lead.ts';
import type { Log } from './log.ts';
import { within } from '../core/waiting.ts';

export type ActDeps = { store: ServerStore; lease: Lease; spawner: Spawner; jupyter: Jupyter; snapshots: Snapshots; keys: ServerKeys; limits: Limits; log: Log };

/** Somebody else leads: whatever was about to be done is theirs to decide. */
export class Deposed extends Error {
  override name = 'Deposed';
}

/** Its owner may be in it: only where the mark is kept can still change. */
export const isMarked = (server: Server) => server.state === 'running' && server.markedAt !== undefined;

/** Longest times an outside call may take before it counts as failed, in milliseconds. A snapshot goes on meanwhile, and the next one where it ended. */
const patience = { start: 60_000, stop: 60_000, mark: 10_000, prove: 5_000, look: 10_000, save: 60_000 };

/** Carries out decisions. Nothing outside the database is touched before the lease has been asked, right then, whether this term still leads. */
export function makeAct({ store, lease, spawner, jupyter, snapshots, keys, limits, log }: ActDeps) {
  async function effect<T>(term: Term, doing: keyof typeof patience, work: () => Promise<T>): Promise<T> {
    if (term.signal.aborted || !(await term.confirm())) throw new Deposed(`no longer leading: ${doing}`);
    return within(patience[doing], doing, work());
  }

  const access = (ref: ServerRef, address: Address): Promise<Access> => accessTo(jupyter, keys, { ref, address });

  async function mark(ref: ServerRef, term: Term): Promise<void> {
    await effect(term, 'mark', () => spawner.mark(ref));
    await store.setMarked(ref, term.epoch);
  }

  /**
   * @returns whether anything may have changed, so that it is worth looking again
   * @throws NoRoom of a start, once whoever it was for is in the queue again
   */
  async function act(server: Server, action: Action, profile: Profile, term: Term): Promise<boolean> {
    const { ref } = server;
    const move = (to: Parameters<ServerStore['move']>[2]) => store.move(ref, server.state, to, term.epoch);
    switch (action.do) {
      case 'nothing':
        return false;
      case 'start': {
        try {
          await effect(term, 'start', () => spawner.start(ref, profile, serverSecrets(keys[0]!.server, ref), server.state === 'starting'));
        } catch (error) {
          if (error instanceof Deposed || (server.state !== 'starting' && server.state !== 'warming')) throw error;
          if (error instanceof NoRoom) {
            if (server.state === 'starting') await move({ to: 'requested', attempts: server.attempts, retryAt: lease.now() });
            else await move({ to: 'stopping', reason: 'room' });
            throw error;
          }
          log.warn({ err: error, server: ref.id }, 'start failed');
          const left = await within(patience.look, 'look', spawner.look(ref));
          return act(server, afterFailedStart(server, 'start', left, lease.now(), limits), profile, term);
        }
        return true;
      }
      case 'stage':
        return move({ to: server.state === 'starting' ? 'starting' : 'warming', stage: action.stage });
      case 'accept': {
        const found = await within(patience.prove, 'prove', findAccess(jupyter, keys, { ref, address: action.address }));
        if (found === 'absent') return false;
        if (found === 'other') return act(server, { do: 'end', reason: 'mistaken' }, profile, term);
        const { address, instance } = action;
        if (server.state === 'warming') return move({ to: 'warm', address, instance });
        if (!action.marked) await effect(term, 'mark', () => spawner.mark(ref));
        return move({ to: 'running', address, instance });
      }
      case 'mark':
        if (isMarked(server)) await effect(term, 'mark', () => spawner.mark(ref));
        else await mark(ref, term);
        return true;
      case 'warn':
        return store.setActivity(ref, { warnedAt: lease.now() }, term.epoch);
      case 'unwarn':
        return store.setActivity(ref, { warnedAt: undefined }, term.epoch);
      case 'end': {
        // A list may have been taken a moment too early; one look at this very server settles it.
        if (action.reason === 'lost' && (server.state === 'running' || server.state === 'warm')) {
          const sighting = await within(patience.look, 'look', spawner.look(ref));
          if (sighting.state === 'ready' && sighting.instance === server.instance) return false;
        }
        const moved = await move({ to: 'stopping', reason: action.reason });
        if (moved) log.info({ server: ref.id, from: server.state, reason: action.reason }, 'ending server');
        return moved;
      }
      case 'remove': {
        const workspace = 'workspace' in server ? server.workspace : undefined;
        const save = action.save;
        if (save && workspace) {
          await effect(term, 'save', async () => {
            const found = await access(ref, save.address);
            // What hangs may do so wholly; that is known in seconds, and the rest of its end need not wait for more.
            if (server.state === 'stopping' && server.reason === 'hung' && (await jupyter.prove(found)) !== 'proven') throw new UpstreamError('jupyter', 'save: it does not answer at all');
            await snapshots.take(found, workspace);
          }).catch((error: unknown) => {
            if (error instanceof Deposed || !save.isLast) throw error;
            log.error({ err: error, server: ref.id, workspace }, 'the last snapshot failed to the end: what code wrote since the one before is lost with the server');
          });
        }
        if (action.instance !== undefined) await effect(term, 'stop', () => spawner.stop(ref, action.instance));
        if (server.state === 'stopped' || server.state === 'failed') return false;
        return move({ to: endStateOf(action.reason), reason: action.reason });
      }
      case 'retry':
        if (action.instance !== undefined) await effect(term, 'stop', () => spawner.stop(ref, action.instance));
        return move({ to: 'requested', attempts: action.attempts, retryAt: action.retryAt });
    }
  }

  return { act, mark, access, effect };
}

export type Act = ReturnType<typeof makeAct>;
