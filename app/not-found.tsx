import { Compass } from 'lucide-react';
import { Page } from '../components/shell/page.tsx';
import { ButtonLink } from '../components/ui/button.tsx';
import { EmptyState } from '../components/ui/empty-state.tsx';

export const metadata = { title: 'Not found' };

export default function NotFound() {
  return (
    <Page width="prose">
      <EmptyState icon={Compass} title="There is nothing at this address" action={<ButtonLink href="/courses">See the courses</ButtonLink>}>
        <p>The page was moved or removed, or it is not for you to see. If somebody gave you the link, ask them for a new one.</p>
      </EmptyState>
    </Page>
  );
}
