import { makeAuth } from './auth.ts';
import { siteHub } from './hub.ts';
import { handler } from './respond.ts';

let auth: ReturnType<typeof makeAuth> | undefined;

/** NextAuth's routes. */
export const authRoute = handler(async (request) => {
  auth ??= makeAuth(await siteHub());
  return auth(request);
});
