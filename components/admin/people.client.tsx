'use client';

import { UserSearch } from 'lucide-react';
import { useState } from 'react';
import type { PersonOverview } from '../../lib/core/admin/overview.ts';
import type { Outcome } from '../../lib/core/errors.ts';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { Select } from '../ui/input.tsx';
import { Table, Td, Th } from '../ui/table.tsx';
import { useNotify } from '../ui/toast.client.tsx';
import { RoleOptions } from './roles.tsx';

type Props = {
  people: PersonOverview[];
  setRole: (input: { user: string; role: string }) => Promise<Outcome<undefined>>;
  setBanned: (input: { user: string; banned: boolean }) => Promise<Outcome<undefined>>;
};

const day = (iso: string) => iso.slice(0, 10);

/** People as rows, with their role and whether they may come in. */
export function People({ people, setRole, setBanned }: Props) {
  const [busy, setBusy] = useState<string>();
  const notify = useNotify();

  async function act(person: PersonOverview, work: () => Promise<Outcome<undefined>>, said: string) {
    setBusy(person.id);
    try {
      const outcome = await work();
      notify(outcome.ok ? said : outcome.refusal.say, outcome.ok ? 'good' : 'bad');
    } catch {
      notify('The site did not answer. Try again.', 'bad');
    } finally {
      setBusy(undefined);
    }
  }

  if (people.length === 0) return <EmptyState icon={UserSearch} title="Nobody found">Try a shorter part of the name or address.</EmptyState>;
  return (
    <Table label="People">
      <thead>
        <tr>
          <Th>Person</Th>
          <Th>Role</Th>
          <Th>Since</Th>
          <Th>Last seen</Th>
          <Th>Servers</Th>
          <Th>
            <span className="sr-only">Actions</span>
          </Th>
        </tr>
      </thead>
      <tbody>
        {people.map((person) => (
          <tr key={person.id}>
            <Td>
              <div className="flex flex-wrap items-center gap-2 font-medium">
                {person.name}
                {person.banned && <Badge tone="bad">banned</Badge>}
                {!person.verified && <Badge tone="warn">not confirmed</Badge>}
              </div>
              <div className="text-xs text-ink-3">{person.email}</div>
            </Td>
            <Td>
              <Select
                aria-label={`Role of ${person.email}`}
                className="min-w-32"
                value={person.role}
                disabled={busy === person.id}
                onChange={(event) => void act(person, () => setRole({ user: person.id, role: event.target.value }), `${person.name} is now ${event.target.value === 'user' ? 'a learner' : event.target.value}`)}
              >
                <RoleOptions />
              </Select>
            </Td>
            <Td className="whitespace-nowrap tabular-nums">{day(person.createdAt)}</Td>
            <Td className="whitespace-nowrap tabular-nums">{person.lastSeenAt ? day(person.lastSeenAt) : 'never'}</Td>
            <Td className="tabular-nums">{person.liveServers}</Td>
            <Td className="text-right">
              <Button
                size="sm"
                variant={person.banned ? 'secondary' : 'danger'}
                busy={busy === person.id}
                onClick={() => void act(person, () => setBanned({ user: person.id, banned: !person.banned }), person.banned ? `${person.name} may come in again` : `${person.name} is banned and signed out`)}
              >
                {person.banned ? 'Lift ban' : 'Ban'}
              </Button>
            </Td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
