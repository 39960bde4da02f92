import { nameOf } from '../core/workspaces/path.ts';

/** What a browser may show by itself. Anything else is a download: no type of these can run as a page of the site. */
const SHOWN: Record<string, string> = {
  txt: 'text/plain; charset=utf-8',
  csv: 'text/plain; charset=utf-8',
  tsv: 'text/plain; charset=utf-8',
  md: 'text/plain; charset=utf-8',
  log: 'text/plain; charset=utf-8',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  mp3: 'audio/mpeg',
  wav: 'audio/wav',
  ogg: 'audio/ogg',
  mp4: 'video/mp4',
  webm: 'video/webm',
};

/**
 * Headers of bytes a person made, whatever they claim to be: sandboxed, never sniffed, of a listed type or else an
 * attachment, and of no use to another site.
 */
export function userBytesHeaders(path: string): Record<string, string> {
  const name = nameOf(path);
  const type = Object.hasOwn(SHOWN, extension(name)) ? SHOWN[extension(name)] : undefined;
  return {
    'content-type': type ?? 'application/octet-stream',
    'content-disposition': `${type ? 'inline' : 'attachment'}; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)}`,
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
  };
}

const extension = (name: string) => name.slice(name.lastIndexOf('.') + 1).toLowerCase();
