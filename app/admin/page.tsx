import type { Metadata } from 'next';
import { AdminNav } from '../../components/admin/nav.tsx';
import { Dashboard } from '../../components/admin/dashboard.client.tsx';
import { Page } from '../../components/shell/page.tsx';
import { adminOverview } from '../../lib/web/admin.ts';
import { startServer, stopServer } from './actions.ts';

export const metadata: Metadata = { title: 'Servers' };

export default async function ServersPage() {
  const overview = await adminOverview();

  return (
    <Page title="Servers" lead="What runs now, and how the last hour went." actions={<AdminNav here="servers" />}>
      <Dashboard initial={overview} start={startServer} stop={stopServer} />
    </Page>
  );
}
