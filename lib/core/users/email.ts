/** An e-mail address in the one form in which it is stored, compared and written to. */
export type Email = string & { readonly brand: 'Email' };

const LOCAL = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const DOMAIN = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * The normal form, or undefined for what we do not take as one address: lists, quoted forms, comments. The part before the @
 * must be ASCII before anything is folded (the Kelvin sign becomes a `k` in lower case and in NFC alike, so one person could
 * claim the address of another); a domain of other scripts becomes its `xn--` form, in which look-alikes differ.
 */
export function normalEmail(raw: unknown): Email | undefined {
  if (typeof raw !== 'string' || raw.length > 320) return undefined;
  const parts = raw.trim().split('@');
  const [local, domain] = parts;
  if (parts.length !== 2 || !local || !domain || local.length > 64 || !isAscii(local)) return undefined;
  const host = asciiDomain(domain);
  if (!host || !LOCAL.test(local.toLowerCase()) || !DOMAIN.test(host)) return undefined;
  const email = `${local.toLowerCase()}@${host}`;
  return email.length <= 254 ? (email as Email) : undefined;
}

const isAscii = (text: string) => [...text].every((character) => character.codePointAt(0)! < 128);

function asciiDomain(domain: string): string | undefined {
  if (isAscii(domain)) return domain.toLowerCase();
  // The URL parser does IDNA; nothing that would mean something else in a URL gets to it.
  if (/[\s/\\?#:@,%]/u.test(domain)) return undefined;
  try {
    return new URL(`http://${domain}`).hostname;
  } catch {
    return undefined;
  }
}
