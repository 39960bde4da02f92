import { AccountFrame } from '../../../components/account/frame.tsx';
import { TokenForm } from '../../../components/account/token-form.client.tsx';
import { Alert } from '../../../components/ui/alert.tsx';
import { Link } from '../../../components/ui/link.tsx';
import { verifyPage } from '../../../lib/web/account-pages.ts';
import { verifyEmail } from '../actions.ts';

export const metadata = { title: 'Confirm your e-mail address' };

type Props = { searchParams: Promise<{ token?: string | string[] }> };

const leads = { press: 'One press, and this address is yours here.', password: 'Your password, and this address is yours here.', nothing: undefined, 'new link': undefined };

export default async function VerifyPage({ searchParams }: Props) {
  const token = String((await searchParams).token ?? '');
  const needs = await verifyPage(token);
  return (
    <AccountFrame
      title="Confirm your e-mail address"
      lead={leads[needs]}
      below={needs === 'password' && <>Forgotten, or you never chose one? <Link href="/forgot">Choose a new password</Link></>}
    >
      {needs === 'press' && <TokenForm action={verifyEmail} token={token} button="Confirm" stay />}
      {needs === 'password' && <TokenForm action={verifyEmail} token={token} button="Confirm and sign in" password="current" />}
      {needs === 'nothing' && <Alert tone="good" live>Your address is confirmed. <Link href="/courses">Go to the courses</Link></Alert>}
      {needs === 'new link' && <Alert tone="bad">This link has been used, or is too old. <Link href="/account">Ask for a new one under Account</Link></Alert>}
    </AccountFrame>
  );
}
