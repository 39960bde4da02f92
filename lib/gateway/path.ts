/** A request target that names something below the server's root, as it came and as it reads. */
export type Target = { /** As it is sent on, the client's own token taken out. */ raw: string; /** Decoded, without the query. */ parts: string[]; query: string };

// Unreserved, reserved for paths, and percent signs; what else a URL holds comes percent-encoded or not at all.
const PLAIN = /^[\w\-.~!$&'()*+,;=:@/%]*$/;

/** What no browser sends there and Node's parser refuses too, in a target that came to us some other way. */
const NOT_IN_QUERY = /[\u0000-\u0020#\u007f]/;

/**
 * Parts the raw target of a request, or none when it is not a plain path of one reading: absolute forms, `//host`, dot
 * segments, encoded slashes, backslashes and control characters are all read differently by somebody.
 */
export function parseTarget(url: string): Target | undefined {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? '' : url.slice(mark + 1);
  if (!path.startsWith('/') || path.startsWith('//') || !PLAIN.test(path) || NOT_IN_QUERY.test(query)) return undefined;
  const parts = path.includes('%') ? decodeParts(path) : path.slice(1).split('/');
  if (!parts || parts.some(isAmbiguous) || parts.slice(0, -1).includes('')) return undefined;
  const kept = withoutToken(query);
  return { raw: kept === query ? url : `${path}${kept && `?${kept}`}`, parts, query: kept };
}

function decodeParts(path: string): string[] | undefined {
  try {
    return path.slice(1).split('/').map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

/** Some servers drop `;parameters` from a name before they look at its dots. */
const isAmbiguous = (part: string) => /^\.{1,2}(;.*)?$/.test(part) || /[\u0000-\u001f\u007f-\u009f/\\]/.test(part);

/** Jupyter would believe a token in the query, so the client's own never arrives. */
function withoutToken(query: string): string {
  if (!/t|%/i.test(query)) return query;
  const pairs = query.split('&');
  const kept = pairs.filter((pair) => nameIn(pair) !== 'token');
  return kept.length === pairs.length ? query : kept.join('&');
}

function nameIn(pair: string): string {
  const name = pair.split('=', 1)[0]!.replaceAll('+', ' ');
  try {
    return decodeURIComponent(name).trim().toLowerCase();
  } catch {
    return name;
  }
}
