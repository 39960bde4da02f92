'use server';

import { endMySession } from '../../lib/web/sign-in.ts';

export const signOut = endMySession;
