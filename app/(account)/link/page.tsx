import { AccountFrame } from '../../../components/account/frame.tsx';
import { TokenForm } from '../../../components/account/token-form.client.tsx';
import { takeSignInLink } from '../actions.ts';

export const metadata = { title: 'Sign in' };

type Props = { searchParams: Promise<{ token?: string | string[] }> };

export default async function LinkPage({ searchParams }: Props) {
  const { token } = await searchParams;
  return (
    <AccountFrame title="Sign in" lead="You opened the link from your mail. One press, and you are in.">
      <TokenForm action={takeSignInLink} token={String(token ?? '')} button="Sign in" />
    </AccountFrame>
  );
}
