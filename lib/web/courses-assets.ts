import { rangeOf, sliceOf } from '../core/courses/range.ts';
import type { makeLessonAccess } from '../core/courses/access.ts';
import type { LessonId } from '../core/ids.ts';
import type { Actor } from '../core/users/actor.ts';
import type { BlobStore } from '../core/workspaces/blobs.ts';
import { userBytesHeaders } from './files-headers.ts';
import { streamOf } from './files.ts';
import { paced } from './paced.ts';
import { refusalResponse } from './respond.ts';

type Deps = { lessons: Pick<ReturnType<typeof makeLessonAccess>, 'byId'>; blobs: Pick<BlobStore, 'get'> };

type Asked = { lesson: LessonId; path: string };

const absent = () => refusalResponse({ code: 'not_found', say: 'There is no such file in this lesson.' });

/** A file of a lesson as its author published it, for the pictures and videos of its prose. Whole or one range of it. */
export async function getAsset(deps: Deps, actor: Actor, request: Request): Promise<Response> {
  const asked = partsOf(request);
  if (!asked) return refusalResponse({ code: 'invalid', say: 'That is no path of a file.' });
  return paced(actor, 'file', () => assetResponse(deps, actor, asked, request));
}

async function assetResponse({ lessons, blobs }: Deps, actor: Actor, asked: Asked, request: Request): Promise<Response> {
  const lesson = await lessons.byId(actor, asked.lesson);
  if (!lesson.ok) return refusalResponse(lesson.refusal);
  const asset = lesson.value.version.assets.find(({ path }) => path === asked.path);
  const blob = asset && (await blobs.get(asset.sha256));
  if (!asset || !blob) return absent();

  const headers = { ...assetHeaders(asset.path), etag: `"${asset.sha256}"`, 'cache-control': 'private, no-cache', 'accept-ranges': 'bytes' };
  if (request.headers.get('if-none-match') === headers.etag) return new Response(null, { status: 304, headers });
  // With If-Range, a part only of what the browser already holds the rest of.
  const condition = request.headers.get('if-range');
  const range = rangeOf(condition === null || condition === headers.etag ? request.headers.get('range') : null, asset.size);
  switch (range.state) {
    case 'whole':
      return new Response(streamOf(blob.bytes), { headers: { ...headers, 'content-length': String(asset.size) } });
    case 'part':
      return new Response(streamOf(sliceOf(blob.bytes, range.first, range.last)), {
        status: 206,
        headers: { ...headers, 'content-length': String(range.last - range.first + 1), 'content-range': `bytes ${range.first}-${range.last}/${asset.size}` },
      });
    case 'unsatisfiable':
      return new Response(null, { status: 416, headers: { ...headers, 'content-range': `bytes */${asset.size}` } });
  }
}

/** A picture in a page ignores Content-Disposition, so that SVG shows as an image and opened by itself is a download. */
function assetHeaders(path: string): Record<string, string> {
  const headers = userBytesHeaders(path);
  return path.toLowerCase().endsWith('.svg') ? { ...headers, 'content-type': 'image/svg+xml' } : headers;
}

/** Lesson and path, decoded once; a slash that was sent encoded would read as a folder only after decoding, and is refused. */
function partsOf(request: Request): Asked | undefined {
  const [, lesson, encoded] = /^\/api\/assets\/([^/]+)\/(.+)$/.exec(new URL(request.url).pathname) ?? [];
  if (lesson === undefined || encoded === undefined) return undefined;
  try {
    const names = encoded.split('/').map(decodeURIComponent);
    return names.some((name) => name.includes('/')) ? undefined : { lesson: lesson as LessonId, path: names.join('/').normalize('NFC') };
  } catch {
    return undefined;
  }
}
