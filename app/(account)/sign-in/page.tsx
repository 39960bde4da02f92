import { redirect } from 'next/navigation';
import { AccountFrame } from '../../../components/account/frame.tsx';
import { MailForm } from '../../../components/account/mail-form.client.tsx';
import { ProviderButtons } from '../../../components/account/provider-buttons.client.tsx';
import { SignInForm } from '../../../components/account/sign-in-form.client.tsx';
import { Alert } from '../../../components/ui/alert.tsx';
import { Link } from '../../../components/ui/link.tsx';
import { Tabs } from '../../../components/ui/tabs.client.tsx';
import { signInPage } from '../../../lib/web/account-pages.ts';
import { askForSignInLink, signInWithPassword } from '../actions.ts';

export const metadata = { title: 'Sign in' };

type Props = { searchParams: Promise<{ next?: string | string[]; callbackUrl?: string | string[]; error?: string | string[] }> };

export default async function SignInPage({ searchParams }: Props) {
  const { signedIn, next, problem, providers, signUp } = await signInPage(await searchParams);
  if (signedIn) redirect(next);

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
      {problem && (
        <Alert tone="bad" className="mb-5">
          {problem}
        </Alert>
      )}
      {providers.length > 0 && <ProviderButtons providers={providers} next={next} />}
      <Tabs
        label="Ways to sign in"
        tabs={[
          { id: 'password', label: 'Password', content: <SignInForm action={signInWithPassword} next={next} /> },
          {
            id: 'link',
            label: 'Link by e-mail',
            content: <MailForm action={askForSignInLink} button="Send me a link" sent="If this address may sign in here, a link is on its way to it. It works once, within 15 minutes." />,
          },
        ]}
      />
    </AccountFrame>
  );
}
