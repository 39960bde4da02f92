import { redirect } from 'next/navigation';
import { CookieProbe } from '../../../components/account/cookie-probe.client.tsx';
import { EngineRefused } from '../../../components/account/engine-refused.tsx';
import { AccountFrame } from '../../../components/account/frame.tsx';
import { Or } from '../../../components/account/or.tsx';
import { ProviderButtons } from '../../../components/account/provider-buttons.client.tsx';
import { SignInForm } from '../../../components/account/sign-in-form.client.tsx';
import { Alert } from '../../../components/ui/alert.tsx';
import { Link } from '../../../components/ui/link.tsx';
import { signInPage, type Query } from '../../../lib/web/account-pages.ts';
import { signInWithPassword } from '../actions.ts';

export const metadata = { title: 'Sign in' };

export default async function SignInPage({ searchParams }: { searchParams: Promise<Query> }) {
  const { signedIn, engineRefused, next, problem, providers, signUp } = await signInPage(await searchParams);
  if (signedIn) redirect(next);

  if (engineRefused) {
    return (
      <AccountFrame title="Sign in">
        <EngineRefused />
      </AccountFrame>
    );
  }
  return (
    <AccountFrame
      title="Sign in"
      below={
        signUp !== 'closed' && (
          <>
            New here? <Link href={`/sign-up?next=${encodeURIComponent(next)}`}>Make an account</Link>
          </>
        )
      }
    >
      <CookieProbe />
      {problem && (
        <Alert tone="bad" className="mb-5">
          {problem}
        </Alert>
      )}
      {providers.length > 0 && (
        <>
          <ProviderButtons providers={providers} next={next} />
          <Or />
        </>
      )}
      <SignInForm action={signInWithPassword} next={next} />
    </AccountFrame>
  );
}
