import { endReasons } from './reason.ts';
import type { Server } from './server.ts';
import { stageTexts } from './stage.ts';
import type { ServerView } from './view.ts';

type Waiting = { place: number; estimateMs?: number };

/**
 * What the owner's browser is told of a server.
 * @param place for a requested server: its place in the queue
 * @param limits.warningMs between the warning and the stop it warns of
 */
export function viewOf(server: Server | undefined, place: Waiting | undefined, limits: { warningMs: number; lifetimeMs: number }): ServerView {
  if (!server) return { state: 'none' };
  const { id, generation } = server.ref;
  if (server.desired === 'stop' && server.state !== 'stopped' && server.state !== 'failed') return { state: 'stopping', id, say: 'Your server is being stopped' };
  switch (server.state) {
    case 'warming':
    case 'warm':
      return { state: 'none' };
    case 'requested':
      return { state: 'waiting', id, stage: 'queued', say: stageTexts.queued, ...place };
    case 'starting':
      return { state: 'waiting', id, stage: server.stage, say: stageTexts[server.stage] };
    case 'running': {
      // Until the mark is set the server may not be entered: see Spawner.mark.
      if (!server.markedAt) return { state: 'waiting', id, stage: 'files', say: stageTexts.files };
      const { warnedAt } = server.activity;
      const endsAt = warnedAt && new Date(warnedAt.getTime() + limits.warningMs).toISOString();
      const isOld = warnedAt && warnedAt.getTime() >= server.claimedAt.getTime() + limits.lifetimeMs - limits.warningMs;
      return { state: 'ready', id, generation, ...(endsAt && { endsAt }), ...(isOld && { isOld }), ...(server.unkept && { unkept: server.unkept }) };
    }
    case 'stopping':
      return { state: 'stopping', id, say: 'Your server is being stopped' };
    case 'stopped':
    case 'failed':
      return { state: 'ended', id, reason: server.reason, say: endReasons[server.reason].learner };
  }
}
