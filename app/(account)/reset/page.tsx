import { AccountFrame } from '../../../components/account/frame.tsx';
import { TokenForm } from '../../../components/account/token-form.client.tsx';
import { resetPassword } from '../actions.ts';

export const metadata = { title: 'Choose a new password' };

type Props = { searchParams: Promise<{ token?: string | string[] }> };

export default async function ResetPage({ searchParams }: Props) {
  const { token } = await searchParams;
  return (
    <AccountFrame title="Choose a new password" lead="Every browser that is signed in now will have to sign in again.">
      <TokenForm action={resetPassword} token={String(token ?? '')} button="Set password and sign in" password="new" />
    </AccountFrame>
  );
}
