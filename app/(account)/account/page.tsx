import { OnePress } from '../../../components/account/one-press.client.tsx';
import { ProviderButtons } from '../../../components/account/provider-buttons.client.tsx';
import { SavedForm } from '../../../components/account/saved-form.client.tsx';
import { Page } from '../../../components/shell/page.tsx';
import { Alert } from '../../../components/ui/alert.tsx';
import { Card, CardTitle } from '../../../components/ui/card.tsx';
import { passwordHint } from '../../../lib/core/users/password-rules.ts';
import { accountPage } from '../../../lib/web/account.ts';
import { askToVerify, changeName, changePassword, disconnect, signOutElsewhere } from './actions.ts';

export const metadata = { title: 'Account' };

export default async function AccountPage({ searchParams }: { searchParams: Promise<{ error?: string | string[] }> }) {
  const account = await accountPage(await searchParams);
  const password = { label: 'New password', name: 'password', type: 'password', autoComplete: 'new-password', maxLength: 512, hint: passwordHint };
  const current = { label: 'Current password', name: 'current', type: 'password', autoComplete: 'current-password', maxLength: 512 };
  const toConnect = account.providers.filter((provider) => !provider.connected);

  return (
    <Page title="Account" lead={account.email} width="prose">
      <div className="grid gap-6">
        {account.problem && <Alert tone="bad">{account.problem}</Alert>}
        {!account.verified && (
          <Alert
            tone="warn"
            title="Your e-mail address is not confirmed yet"
            actions={
              <OnePress action={askToVerify} done="The mail is on its way.">
                Send the link again
              </OnePress>
            }
          >
            Open the link in the mail we sent to {account.email}. Without it, a forgotten password is harder to mend.
          </Alert>
        )}
        <Card className="grid gap-4">
          <CardTitle>Profile</CardTitle>
          <SavedForm action={changeName} button="Save" done="Saved." fields={[{ label: 'Name', name: 'name', autoComplete: 'name', maxLength: 100, defaultValue: account.name }]} />
        </Card>
        <Card className="grid gap-4">
          <CardTitle>Password</CardTitle>
          <SavedForm
            key={String(account.hasPassword)}
            clear
            action={changePassword}
            button={account.hasPassword ? 'Change password' : 'Set a password'}
            done="Your password is changed, and every other browser is signed out."
            fields={account.hasPassword ? [current, password] : [password]}
          />
        </Card>
        {account.providers.length > 0 && (
          <Card className="grid gap-4">
            <CardTitle>Ways to sign in</CardTitle>
            <ul className="grid gap-3">
              {account.providers
                .filter((provider) => provider.connected)
                .map(({ id, name }) => (
                  <li key={id} className="flex items-center justify-between gap-4">
                    <span>{name}</span>
                    <OnePress action={disconnect} input={{ provider: id }} done={`${name} is disconnected.`}>
                      Disconnect
                    </OnePress>
                  </li>
                ))}
            </ul>
            {toConnect.length > 0 && <ProviderButtons providers={toConnect} next="/account" verb="Connect" />}
          </Card>
        )}
        <Card className="flex flex-wrap items-center justify-between gap-4">
          <div>
            <CardTitle>Other browsers</CardTitle>
            <p className="mt-1 text-ink-2">
              {account.otherSessions === 0 ? 'You are signed in here only.' : `You are signed in in ${account.otherSessions} other ${account.otherSessions === 1 ? 'browser' : 'browsers'}.`}
            </p>
          </div>
          {account.otherSessions > 0 && (
            <OnePress action={signOutElsewhere} done="Every other browser is signed out.">
              Sign out everywhere else
            </OnePress>
          )}
        </Card>
      </div>
    </Page>
  );
}
