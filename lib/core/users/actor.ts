import type { SessionId, UserId } from '../ids.ts';

export type SiteRole = 'user' | 'instructor' | 'admin';
export type CourseRole = 'learner' | 'assistant' | 'instructor';

/** Who is asking: a person with a live sign-in, not banned. Read anew for each request. */
export type Actor = { id: UserId; session: SessionId; role: SiteRole; name: string; email: string };
