import { AccountFrame } from '../../../components/account/frame.tsx';
import { TokenForm } from '../../../components/account/token-form.client.tsx';
import { takeAdminLink } from '../actions.ts';

export const metadata = { title: 'Welcome to Lectern' };

type Props = { searchParams: Promise<{ token?: string | string[] }> };

export default async function WelcomePage({ searchParams }: Props) {
  const { token } = await searchParams;
  return (
    <AccountFrame title="Welcome to Lectern" lead="This link signs you in as the first admin, once.">
      <TokenForm action={takeAdminLink} token={String(token ?? '')} button="Sign in as admin" />
    </AccountFrame>
  );
}
