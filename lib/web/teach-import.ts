import { mayAuthor } from '../core/courses/access.ts';
import type { makeCourseImport } from '../core/courses/import/import.ts';
import { importLimits } from '../core/courses/import/limits.ts';
import type { Upload, UploadReader } from '../core/courses/import/upload.ts';
import type { Outcome } from '../core/errors.ts';
import type { Actor } from '../core/users/actor.ts';
import { bytesOf } from './files.ts';
import { paced } from './paced.ts';
import { refusalResponse, respond } from './respond.ts';

type Deps = { uploads: UploadReader; courseImport: ReturnType<typeof makeCourseImport> };

/** Uploads of one person, and of all, that come or wait for their turn; they lie on the disk, up to 250 MB each. */
const [HERE_EACH, HERE_ALL] = [2, 16];
const here = new Map<string, number>();

/** The dry run: what the files would become, and every problem with them. */
export const checkUpload = (deps: Deps, actor: Actor, request: Request): Promise<Response> =>
  withUpload(deps, actor, request, async (upload) => ({ ok: true, value: await deps.courseImport.check(upload, actor.id) }));

/** Makes the course, unpublished. */
export const importUpload = (deps: Deps, actor: Actor, request: Request): Promise<Response> =>
  withUpload(deps, actor, request, (upload) => deps.courseImport.run(upload, actor.id));

async function withUpload<T>({ uploads }: Deps, actor: Actor, request: Request, answer: (upload: Upload) => Promise<Outcome<T>>): Promise<Response> {
  if (!mayAuthor(actor)) return refusalResponse({ code: 'forbidden', say: 'Only instructors make courses. Ask an administrator to become one.' });
  const length = Number(request.headers.get('content-length') ?? Number.NaN);
  if (!Number.isSafeInteger(length)) return refusalResponse({ code: 'invalid', say: 'An upload says its length (Content-Length).' });
  if (length > importLimits.uploadBytes) return refusalResponse({ code: 'too_large', say: 'These files are too large for one upload.', limitBytes: importLimits.uploadBytes });
  const mine = here.get(actor.id) ?? 0;
  if (mine >= HERE_EACH) return refusalResponse({ code: 'throttled', say: 'Your other uploads are still being read. Try again when they are done.', retryAfterS: 10 });
  if ([...here.values()].reduce((sum, one) => sum + one, 0) >= HERE_ALL) return refusalResponse({ code: 'throttled', say: 'Many other uploads are being read just now. Try again in a moment.', retryAfterS: 10 });
  here.set(actor.id, mine + 1);
  try {
    const upload = await uploads.receive(bytesOf(request.body));
    if (!upload.ok) return refusalResponse(upload.refusal);
    try {
      // Only now: an upload that stands holds nobody's turn.
      return await paced(actor, 'import', async () => respond(await answer(upload.value)));
    } finally {
      await upload.value.close();
    }
  } finally {
    const left = here.get(actor.id)! - 1;
    if (left === 0) here.delete(actor.id);
    else here.set(actor.id, left);
  }
}
