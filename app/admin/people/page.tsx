import type { Metadata } from 'next';
import { Invitations } from '../../../components/admin/invitations.client.tsx';
import { AdminNav } from '../../../components/admin/nav.tsx';
import { People } from '../../../components/admin/people.client.tsx';
import { PeopleSearch } from '../../../components/admin/people-search.tsx';
import { Page } from '../../../components/shell/page.tsx';
import { adminInvitations, adminPeople } from '../../../lib/web/admin.ts';
import { invite, setBanned, setRole, withdraw } from '../actions.ts';

export const metadata: Metadata = { title: 'People' };

type Props = { searchParams: Promise<{ q?: string | string[] }> };

export default async function PeoplePage({ searchParams }: Props) {
  const { q } = await searchParams;
  const text = typeof q === 'string' ? q : '';
  const [people, invitations] = await Promise.all([adminPeople(text), adminInvitations()]);

  return (
    <Page title="People" lead="Who has an account, and what they may do." actions={<AdminNav here="people" />}>
      <div className="mb-8 max-w-3xl">
        <Invitations {...invitations} invite={invite} withdraw={withdraw} />
      </div>
      <PeopleSearch text={text} />
      <People people={people} setRole={setRole} setBanned={setBanned} />
    </Page>
  );
}
