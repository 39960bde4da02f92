import { AccountFrame } from '../../../../components/account/frame.tsx';
import { MailForm } from '../../../../components/account/mail-form.client.tsx';
import { Link } from '../../../../components/ui/link.tsx';
import { worksOnce } from '../../../../lib/core/users/mail.ts';
import { askForSignInLink } from '../../actions.ts';

export const metadata = { title: 'Sign in with a link' };

export default function SignInLinkPage() {
  return (
    <AccountFrame title="Sign in with a link" lead="We send it to your mail. No password needed." below={<Link href="/sign-in">Back to sign in</Link>}>
      <MailForm action={askForSignInLink} button="Send me a link" sent={`If this address may sign in here, a link is on its way to it. ${worksOnce('sign-in')}.`} />
    </AccountFrame>
  );
}
