import { AccountFrame } from '../../../components/account/frame.tsx';
import { TokenForm } from '../../../components/account/token-form.client.tsx';
import { Link } from '../../../components/ui/link.tsx';
import { verifyEmail } from '../actions.ts';

export const metadata = { title: 'Confirm your e-mail address' };

type Props = { searchParams: Promise<{ token?: string | string[] }> };

export default async function VerifyPage({ searchParams }: Props) {
  const { token } = await searchParams;
  return (
    <AccountFrame title="Confirm your e-mail address" lead="One press, and this address is yours here.">
      <TokenForm action={verifyEmail} token={String(token ?? '')} button="Confirm" done={<>Your address is confirmed. <Link href="/courses">Go to the courses</Link></>} />
    </AccountFrame>
  );
}
