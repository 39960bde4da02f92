'use client';

import { Button } from '../../ui/button.tsx';
import { Dialog, DialogClose } from '../../ui/dialog.client.tsx';

/** Asked before variables are lost. Loaded when it is asked. */
export default function RestartDialog({ close, restart }: { close: () => void; restart: () => void }) {
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && close()}
      title="Restart the kernel?"
      description="All variables are lost. Your code, its outputs and your files stay."
      actions={
        <>
          <DialogClose>
            <Button>Cancel</Button>
          </DialogClose>
          <Button
            variant="primary"
            onClick={() => {
              close();
              restart();
            }}
          >
            Restart
          </Button>
        </>
      }
    />
  );
}
