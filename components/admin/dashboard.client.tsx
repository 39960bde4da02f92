'use client';

import { ServerOff } from 'lucide-react';
import { useState } from 'react';
import type { Overview, ServerOverview } from '../../lib/core/admin/overview.ts';
import type { Outcome } from '../../lib/core/errors.ts';
import { Alert } from '../ui/alert.tsx';
import { Button } from '../ui/button.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { useNotify } from '../ui/toast.client.tsx';
import { Charts } from './charts.tsx';
import { Pools } from './pools.tsx';
import { ServerTable } from './server-table.tsx';
import { Shortage } from './shortage.tsx';
import { Shortfalls } from './shortfalls.tsx';
import { useOverview } from './use-overview.client.ts';

type Props = {
  initial: Overview;
  start: (input: { workspace: string }) => Promise<Outcome<undefined>>;
  stop: (input: { server: string }) => Promise<Outcome<undefined>>;
};

/** The servers, kept up to date while the page is looked at. */
export function Dashboard({ initial, start, stop }: Props) {
  const { overview, fresh, refresh } = useOverview(initial);
  const [busy, setBusy] = useState<string>();
  const notify = useNotify();

  async function act(key: string, work: () => Promise<Outcome<undefined>>, said: string) {
    setBusy(key);
    try {
      const outcome = await work();
      notify(outcome.ok ? said : outcome.refusal.say, outcome.ok ? 'good' : 'bad');
      await refresh();
    } catch {
      notify('The site did not answer. Try again.', 'bad');
    } finally {
      setBusy(undefined);
    }
  }

  const stopButton = (server: ServerOverview) =>
    server.stopping || server.state === 'stopping' ? null : (
      <Button size="sm" variant="danger" busy={busy === server.id} onClick={() => void act(server.id, () => stop({ server: server.id }), 'The server is being stopped')}>
        Stop
      </Button>
    );
  const profiles = overview.profiles.length > 1 ? new Map(overview.profiles.map(({ name, title }) => [name, title])) : undefined;
  const live = new Set(overview.servers.map(({ workspace }) => workspace));
  const startButton = ({ id, workspace }: ServerOverview) =>
    workspace && !live.has(workspace) ? (
      <Button size="sm" busy={busy === id} onClick={() => void act(id, () => start({ workspace }), 'A server is on its way')}>
        Start
      </Button>
    ) : null;

  return (
    <div className="grid grid-cols-1 gap-8">
      {!fresh && <Alert tone="warn" title="This page is not being updated">The site does not answer; what you see may be old.</Alert>}
      {overview.shortage && <Shortage shortage={overview.shortage} />}
      {overview.shortfalls.length > 0 && <Shortfalls shortfalls={overview.shortfalls} />}
      <Charts minutes={overview.minutes} />
      {profiles && <Pools profiles={profiles} servers={overview.servers} />}
      <section aria-labelledby="live">
        <h2 id="live" className="mb-3 text-xl">
          Live <span className="text-ink-3 tabular-nums">{overview.servers.length}</span>
        </h2>
        {overview.servers.length ? <ServerTable label="Live servers" servers={overview.servers} profiles={profiles} act={stopButton} /> : <EmptyState icon={ServerOff} title="No server runs">The pool fills by itself unless its floor is 0.</EmptyState>}
      </section>
      {overview.ended.length > 0 && (
        <section aria-labelledby="ended">
          <h2 id="ended" className="mb-3 text-xl">
            Ended last
          </h2>
          <ServerTable label="Ended servers" servers={overview.ended} profiles={profiles} ended act={startButton} />
        </section>
      )}
    </div>
  );
}
