import { AccountFrame } from '../../../components/account/frame.tsx';
import { MailForm } from '../../../components/account/mail-form.client.tsx';
import { Link } from '../../../components/ui/link.tsx';
import { worksOnce } from '../../../lib/core/users/mail.ts';
import { askForReset } from '../actions.ts';

export const metadata = { title: 'Forgotten password' };

export default function ForgotPage() {
  return (
    <AccountFrame title="Forgotten password" lead="We send you a link to choose a new one." below={<Link href="/sign-in">Back to sign in</Link>}>
      <MailForm action={askForReset} button="Send the link" sent={`If there is an account with this address, a link is on its way to it. ${worksOnce('reset')}.`} />
    </AccountFrame>
  );
}
