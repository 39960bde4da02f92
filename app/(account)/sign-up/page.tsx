import { redirect } from 'next/navigation';
import { CookieProbe } from '../../../components/account/cookie-probe.client.tsx';
import { AccountFrame } from '../../../components/account/frame.tsx';
import { Or } from '../../../components/account/or.tsx';
import { ProviderButtons } from '../../../components/account/provider-buttons.client.tsx';
import { SignUpForm } from '../../../components/account/sign-up-form.client.tsx';
import { Alert } from '../../../components/ui/alert.tsx';
import { Link } from '../../../components/ui/link.tsx';
import { signInPage, type Query } from '../../../lib/web/account-pages.ts';
import { signUpWithPassword } from '../actions.ts';

export const metadata = { title: 'Make an account' };

const leads = {
  open: 'Free of charge, and your work is kept from the first line.',
  invited: 'By invitation: use the address you were invited with.',
  closed: undefined,
};

export default async function SignUpPage({ searchParams }: { searchParams: Promise<Query> }) {
  const { signedIn, engineRefused, next, providers, signUp } = await signInPage(await searchParams);
  if (signedIn) redirect(next);
  if (engineRefused) redirect('/sign-in');

  return (
    <AccountFrame
      title="Make an account"
      lead={leads[signUp]}
      below={
        <>
          Have one already? <Link href={`/sign-in?next=${encodeURIComponent(next)}`}>Sign in</Link>
        </>
      }
    >
      {signUp === 'closed' ? (
        <Alert>New accounts cannot be made here. Ask whoever runs this site for one.</Alert>
      ) : (
        <>
          <CookieProbe />
          {providers.length > 0 && (
            <>
              <ProviderButtons providers={providers} next={next} />
              <Or />
            </>
          )}
          <SignUpForm action={signUpWithPassword} next={next} />
        </>
      )}
    </AccountFrame>
  );
}
