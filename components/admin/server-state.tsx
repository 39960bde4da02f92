import type { ServerOverview } from '../../lib/core/admin/overview.ts';
import { Badge, type Tone } from '../ui/badge.tsx';

const tones: Record<ServerOverview['state'], Tone> = {
  warming: 'neutral',
  warm: 'accent',
  requested: 'warn',
  starting: 'warn',
  running: 'good',
  stopping: 'neutral',
  stopped: 'neutral',
  failed: 'bad',
};

/** The state of a server in a word, with the stage of a start. */
export function ServerState({ server }: { server: ServerOverview }) {
  const word = server.stopping ? 'stopping' : server.state;
  const stage = server.state === 'starting' || server.state === 'warming' ? server.stage : undefined;
  return (
    <Badge tone={tones[word]}>
      {word}
      {stage && `: ${stage}`}
      {word === 'running' && server.busy && ', busy'}
    </Badge>
  );
}
