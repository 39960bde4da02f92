'use client';

import { useSyncExternalStore } from 'react';
import { Alert } from '../ui/alert.tsx';

const PROBE = '__Host-lectern.probe';

let kept: boolean | undefined;

/** Sets a cookie such as ours are and looks whether it is there. */
function keepsOurCookies(): boolean {
  if (kept === undefined) {
    document.cookie = `${PROBE}=1; Path=/; Secure; SameSite=Lax`;
    kept = document.cookie.includes(`${PROBE}=1`);
    document.cookie = `${PROBE}=; Path=/; Secure; SameSite=Lax; Max-Age=0`;
  }
  return kept;
}

const never = () => () => undefined;

/** Says so where the browser would forget the sign-in at once: Safari keeps no secure cookies over http, not even on this machine. */
export function CookieProbe() {
  const fine = useSyncExternalStore(never, keepsOurCookies, () => true);
  if (fine) return null;
  return (
    <Alert tone="warn" live className="mb-5" title="Signing in will not work in this browser">
      It does not keep secure cookies for this address. Allow cookies, or use Firefox, Chrome or Edge; with https, any browser will do.
    </Alert>
  );
}
