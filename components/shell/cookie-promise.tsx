import { UNKEPT_COOKIE } from '../../lib/core/auth/cookies.ts';

const PROBE = '__Host-lectern.promise';

/** The browser's part of lib/decisions/cookie-prefixes.md. Once the page has left, nothing of it is shown and nothing can be typed. */
const code = `(() => {
  const rest = '; Path=/; Secure; SameSite=Lax';
  const has = (name) => document.cookie.split('; ').some((pair) => pair.split('=')[0] === name);
  const domain = '; Domain=' + location.hostname;
  document.cookie = '${PROBE}=1' + rest + domain;
  const broken = has('${PROBE}');
  if (broken) document.cookie = '${PROBE}=' + rest + domain + '; Max-Age=0';
  if (broken === has('${UNKEPT_COOKIE}')) return;
  document.cookie = '${UNKEPT_COOKIE}=' + (broken ? '1; Max-Age=31536000' : '; Max-Age=0') + rest;
  if (broken !== has('${UNKEPT_COOKIE}')) return;
  document.documentElement.hidden = true;
  location.replace('/sign-in');
})();`;

/**
 * Asks the engine whether it keeps a `__Host-` cookie that has a Domain, which no engine should. One that does would keep another's session
 * that a notebook planted, so that from then on the site takes no session from this browser; and again does once it is mended.
 */
export const CookiePromise = ({ nonce }: { nonce: string | undefined }) => <script nonce={nonce} suppressHydrationWarning dangerouslySetInnerHTML={{ __html: code }} />;
