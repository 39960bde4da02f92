const ANY_ORIGIN = 'http://site.invalid';

/**
 * Where to go after signing in: a path of this site, or the fallback for whatever else somebody put into the link.
 * Parsed the way browsers parse it, so that `//evil`, `/\evil`, tabs and encodings are seen for what they are.
 */
export function nextPath(wanted: string | null | undefined, fallback = '/'): string {
  if (!wanted || wanted.length > 2000 || !wanted.startsWith('/')) return fallback;
  let url: URL;
  try {
    url = new URL(wanted, ANY_ORIGIN);
  } catch {
    return fallback;
  }
  if (url.origin !== ANY_ORIGIN || url.username || url.password) return fallback;
  const path = url.pathname + url.search + url.hash;
  // `/..//evil` and `/%2e//evil` are paths of this origin whose normal form starts like another host's address.
  return path.startsWith('//') || path.includes('\\') ? fallback : path;
}
