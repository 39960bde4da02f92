import type { ReactNode } from 'react';
import type { ServerOverview } from '../../lib/core/admin/overview.ts';
import { endReasons } from '../../lib/core/servers/reason.ts';
import { Table, Td, Th } from '../ui/table.tsx';
import { duration, megabytes } from './duration.ts';
import { ServerState } from './server-state.tsx';

type Props = { label: string; servers: ServerOverview[]; /** Titles by name, where there is more than one profile. */ profiles?: ReadonlyMap<string, string>; ended?: boolean; act: (server: ServerOverview) => ReactNode };

/** Servers as rows. `act` gives the button of a row. */
export function ServerTable({ label, servers, profiles, ended = false, act }: Props) {
  return (
    <Table label={label}>
      <thead>
        <tr>
          <Th>Server</Th>
          <Th>State</Th>
          {profiles && <Th>Profile</Th>}
          <Th>Owner</Th>
          <Th>{ended ? 'Lived' : 'Age'}</Th>
          <Th>{ended ? 'Ended' : 'Idle'}</Th>
          {!ended && <Th>Memory</Th>}
          <Th>Reason</Th>
          <Th>
            <span className="sr-only">Actions</span>
          </Th>
        </tr>
      </thead>
      <tbody>
        {servers.map((server) => (
          <tr key={`${server.id}-${server.generation}`}>
            <Td className="font-mono text-xs whitespace-nowrap text-ink-2">{server.id.slice(0, 8)}</Td>
            <Td>
              <ServerState server={server} />
            </Td>
            {profiles && <Td className="whitespace-nowrap">{profiles.get(server.profile) ?? `${server.profile} (no more)`}</Td>}
            <Td>{server.owner ? <Owner server={server} /> : <span className="text-ink-3">pool</span>}</Td>
            <Td className="whitespace-nowrap tabular-nums">{duration(server.ageMs)}</Td>
            <Td className="whitespace-nowrap tabular-nums">{ended ? `${duration(server.sinceMs)} ago` : server.idleMs === undefined ? '' : duration(server.idleMs)}</Td>
            {!ended && <Td className="whitespace-nowrap tabular-nums">{server.memoryBytes === undefined ? '' : megabytes(server.memoryBytes)}</Td>}
            <Td className="min-w-40 text-ink-2">{sayWhy(server)}</Td>
            <Td className="text-right">{act(server)}</Td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

/** Why it ended, or what its start waits for in vain so far: stages of these names are reasons once the deadline has come. */
function sayWhy({ reason, stage }: ServerOverview): string | undefined {
  const why = reason ?? (stage === 'room' || stage === 'image' ? stage : undefined);
  return why && endReasons[why].operator;
}

function Owner({ server: { owner, course } }: { server: ServerOverview }) {
  return (
    <div className="min-w-36">
      <div className="font-medium">{owner?.name}</div>
      <div className="text-xs text-ink-3">{[owner?.email, course?.title].filter(Boolean).join(' · ')}</div>
    </div>
  );
}
