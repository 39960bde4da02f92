'use client';

import { lazy, Suspense, useEffect, useState } from 'react';
import type { ServerView } from '../../../lib/core/servers/view.ts';
import { Alert } from '../../ui/alert.tsx';
import { Button } from '../../ui/button.tsx';
import { Progress } from '../../ui/progress.tsx';
import { useLesson, useStatus } from '../lesson/lesson-context.client.ts';

const FilesDialog = lazy(() => import('./files-dialog.client.tsx'));
const UnkeptFiles = lazy(() => import('./unkept.client.tsx'));

/** What the learner must know now: the wait for a server, its end, a draft, a deleted cell. */
export function Banners() {
  const lesson = useLesson();
  const editor = useStatus((status) => status.editor);
  const endsAt = useStatus((status) => status.endsAt);
  const isOld = useStatus((status) => status.isOld);
  const unkept = useStatus((status) => status.unkept);
  const offer = useStatus((status) => status.offer);
  const removed = useStatus((status) => status.removed);
  const save = useStatus((status) => status.save);
  const notice = useStatus(({ session }) => ('at' in session ? session.at.notice : undefined));
  const [showsFiles, showFiles] = useState(false);
  const files = <Button size="sm" onClick={() => showFiles(true)}>Your files</Button>;
  return (
    <div className="nb-banners">
      <WithoutServer editor={editor} />
      {notice && (
        <Alert tone="warn" live title="Your server’s disk is full" actions={<><Button size="sm" onClick={lesson.recheck}>Check again</Button>{files}</>}>
          {notice}
        </Alert>
      )}
      {unkept && (
        <Suspense>
          <UnkeptFiles unkept={unkept} files={files} />
        </Suspense>
      )}
      {endsAt && <Ending endsAt={endsAt} isOld={isOld} keep={lesson.keep} />}
      {offer && editor === 'page' && (
        <Alert
          live
          title="Unsaved changes were found in this browser"
          actions={
            <>
              <Button size="sm" variant="primary" onClick={() => void lesson.restoreDraft(true)}>
                Restore them
              </Button>
              <Button size="sm" onClick={() => void lesson.restoreDraft(false)}>
                Discard them
              </Button>
            </>
          }
        >
          They are from {new Date(offer.at).toLocaleString()} and had not reached the site.
        </Alert>
      )}
      {save.state === 'refused' && (
        <Alert tone="bad" live title="Your work is not saved" actions={files}>
          {save.say} It is kept in this browser.
        </Alert>
      )}
      {removed && (
        <Alert live actions={<Button size="sm" onClick={lesson.undoRemove}>Undo</Button>}>
          A cell was deleted.
        </Alert>
      )}
      <Suspense>{showsFiles && <FilesDialog close={() => showFiles(false)} />}</Suspense>
    </div>
  );
}

function Waiting({ server }: { server: ServerView }) {
  if (server.state === 'stopping') return <Alert live>{server.say}</Alert>;
  const say = server.state === 'waiting' ? server.say : 'Your server is being made ready.';
  const place = server.state === 'waiting' ? server.place : undefined;
  const estimateMs = server.state === 'waiting' ? server.estimateMs : undefined;
  return (
    <Alert live title={say}>
      {place !== undefined && <>Place {place} in the queue. </>}
      {estimateMs !== undefined && <>About {spell(estimateMs)} to go. </>}
      You can read on and press <em>Run</em>: cells run as soon as the server is there.
      <Progress label="Waiting for a server" className="mt-3" />
    </Alert>
  );
}

const counted = (n: number, unit: string) => `${n} ${unit}${n === 1 ? '' : 's'}`;
const spell = (ms: number) => (ms < 90_000 ? counted(Math.max(1, Math.round(ms / 1_000)), 'second') : counted(Math.round(ms / 60_000), 'minute'));

function Ending({ endsAt, isOld = false, keep }: { endsAt: string; isOld?: boolean; keep: () => void }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const left = spell(Math.max(0, new Date(endsAt).getTime() - now));
  if (isOld) {
    return (
      <Alert tone="warn" title="Your server has run as long as one may">
        <span role="timer">It will be stopped in {left}. </span>Your files and outputs are saved; the next <em>Run</em> gets a new one, without this one’s variables.
      </Alert>
    );
  }
  return (
    <Alert tone="warn" title="Are you still there?" actions={<Button size="sm" variant="primary" onClick={keep}>Keep my server</Button>}>
      <span role="timer">Your server has been idle and will be stopped in {left}. </span>Your files and outputs are saved either way.
    </Alert>
  );
}

/** Why no server answers: the wait for one, its end, a refusal, a sign-out. */
function WithoutServer({ editor }: { editor: 'page' | 'lab' }) {
  const lesson = useLesson();
  const session = useStatus((status) => status.session);
  return (
    <>
      {session.state === 'waiting' && <Waiting server={session.server} />}
      {session.state === 'ended' && session.ran && (
        <Alert tone="warn" live title="Your server has stopped" actions={editor === 'lab' && <Button size="sm" onClick={lesson.prepare}>Start a new server</Button>}>
          {session.say} {editor === 'lab' ? 'A new one has all your files, and JupyterLab saves to it.' : <>The next <em>Run</em> works in a new one, with all your files.</>}
        </Alert>
      )}
      {(session.state === 'refused' || (session.state === 'ended' && !session.ran)) && (
        <Alert tone="bad" live title="No server for now" actions={<Button size="sm" onClick={lesson.prepare}>Try again</Button>}>
          {session.say}
        </Alert>
      )}
      {session.state === 'signed-out' && (
        <Alert tone="bad" live title="You are signed out">
          What was not saved is kept in this browser. <a href={`/sign-in?next=${encodeURIComponent(typeof location === 'undefined' ? '/' : location.pathname)}`}>Sign in again</a> to go on.
        </Alert>
      )}
    </>
  );
}
