import { headers } from 'next/headers';
import { unstable_rethrow } from 'next/navigation';
import { z } from 'zod';
import { diskIsFull } from '../core/disk.ts';
import { RefusedError, refuse, type Outcome, type Refusal } from '../core/errors.ts';
import { NO_SUCH_ID } from '../core/text.ts';
import type { Actor } from '../core/users/actor.ts';
import { currentActor } from './actor.ts';
import { siteHub } from './hub.ts';
import { isSameOrigin } from './origin.ts';
import { forBrowser } from './respond.ts';

/** Every server action: who is asking, from this site?, is the input well formed, then the use case. */
export function action<S extends z.ZodType, T>(schema: S, run: (actor: Actor, input: z.output<S>) => Promise<Outcome<T>>) {
  return publicAction(schema, async (input) => {
    const actor = await currentActor();
    if (!actor) return refuse({ code: 'unauthenticated', say: 'Your sign-in has ended. Sign in again.' });
    return run(actor, input);
  });
}

/** The same for the few actions of people who are not signed in. */
export function publicAction<S extends z.ZodType, T>(schema: S, run: (input: z.output<S>) => Promise<Outcome<T>>) {
  return async (raw: unknown): Promise<Outcome<T>> => {
    const hub = await siteHub();
    // Next compares Origin with X-Forwarded-Host, which a client can write when no front door overwrites it.
    if (!isSameOrigin((await headers()).get('origin'), hub.config.site)) {
      return refuse({ code: 'forbidden', say: 'This request did not come from this site.' });
    }
    const input = schema.safeParse(raw instanceof FormData ? fields(raw) : raw);
    if (!input.success) return refuse(input.error.issues.some(({ message }) => message === NO_SUCH_ID) ? { code: 'not_found', say: NO_SUCH_ID } : invalid(input.error));
    try {
      return withoutDetail(await run(input.data));
    } catch (cause) {
      if (cause instanceof RefusedError) return refuse(forBrowser(cause.refusal));
      unstable_rethrow(cause);
      if (hub.disk.isToBlame(cause)) return refuse(diskIsFull);
      hub.log.error({ err: cause }, 'action failed');
      return refuse({ code: 'unavailable', say: 'Something went wrong here. Try again in a moment.' });
    }
  };
}

/** Text fields of a form; uploads go through route handlers. */
const fields = (form: FormData) => Object.fromEntries([...form].filter(([name, value]) => typeof value === 'string' && !name.startsWith('$ACTION_')));

const invalid = (error: z.ZodError): Refusal => ({
  code: 'invalid',
  say: 'Some of this needs another look.',
  fields: z.flattenError(error).fieldErrors as Record<string, string[]>,
});

const withoutDetail = <T>(outcome: Outcome<T>): Outcome<T> => (outcome.ok ? outcome : refuse(forBrowser(outcome.refusal)));
