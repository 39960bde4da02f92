'use client';

import { Button } from '../ui/button.tsx';
import { Dialog, DialogClose } from '../ui/dialog.client.tsx';

/** Asked before unsaved work is lost by a sign-out. Loaded when somebody signs out. */
export default function LeaveDialog({ close, leave }: { close: () => void; leave: () => void }) {
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && close()}
      title="Some of your work could not be saved"
      description="It is kept in this browser only, and signing out removes it. Stay and try again, or sign out without it."
      actions={
        <>
          <DialogClose>
            <Button>Stay signed in</Button>
          </DialogClose>
          <Button variant="danger" onClick={leave}>
            Sign out without it
          </Button>
        </>
      }
    />
  );
}
