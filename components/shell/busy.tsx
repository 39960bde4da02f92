import type { Refusal } from '../../lib/core/errors.ts';
import { Alert } from '../ui/alert.tsx';
import { buttonClass } from '../ui/button.tsx';
import { Page } from './page.tsx';

type Props = { refusal: Extract<Refusal, { code: 'throttled' }>; again: string };

/** In place of a page that was asked for too often at once. Asked for anew as a document, for what was refused must not be remembered as the page. */
export const Busy = ({ refusal, again }: Props) => (
  <Page width="prose">
    <Alert
      tone="warn"
      title="One moment"
      actions={
        <a href={again} className={buttonClass({ variant: 'primary' })}>
          Try again
        </a>
      }
    >
      {refusal.say}
    </Alert>
  </Page>
);
