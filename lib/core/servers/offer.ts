import type { CourseAuthoring } from '../courses/authoring.ts';
import { ok, refuse, type Outcome } from '../errors.ts';
import type { CourseId } from '../ids.ts';
import type { Actor, SiteRole } from '../users/actor.ts';
import type { Profile } from './server.ts';

/** A profile as people choose it for a course. Who is not named may not: an admin, and of the default everyone, always may. */
export type OfferedProfile = Profile & {
  title: string;
  description?: string;
  mayUse: 'everyone' | { roles: readonly SiteRole[]; courses: readonly string[] };
};

/** What a person reads of one. */
export type ProfileChoice = { name: string; title: string; description?: string };

/** Whether this person, who may change the course, may choose the profile for it. */
export function mayChoose({ role }: Pick<Actor, 'role'>, course: CourseId, { mayUse }: Pick<OfferedProfile, 'mayUse'>): boolean {
  return mayUse === 'everyone' || role === 'admin' || mayUse.roles.includes(role) || mayUse.courses.includes(course);
}

/** What the course has, and what this person may choose for it. `missing`: it has one that is no more, and its learners get the first of the choices. */
export type CourseProfile = { chosen: string; choices: ProfileChoice[]; missing?: string };

type Deps = {
  profiles: readonly [OfferedProfile, ...OfferedProfile[]];
  courses: Pick<CourseAuthoring, 'profile' | 'setProfile'>;
};

/** What a course's servers are made from. Callers have asked `accessTo` first. */
export const makeCourseProfiles = ({ profiles, courses }: Deps) => ({
  async of(actor: Actor, course: CourseId): Promise<CourseProfile> {
    const wanted = await courses.profile(course);
    const now = profiles.find(({ name }) => name === wanted);
    const choices = profiles.filter((profile) => profile === now || mayChoose(actor, course, profile)).map(({ name, title, description }) => ({ name, title, ...(description && { description }) }));
    return { chosen: (now ?? profiles[0]).name, choices, ...(wanted !== undefined && !now && { missing: wanted }) };
  },

  /** For servers made from now on; those that run go on as they are. */
  async choose(actor: Actor, course: CourseId, name: string): Promise<Outcome<null>> {
    const profile = profiles.find((one) => one.name === name);
    if (!profile) return refuse({ code: 'not_found', say: 'There are no such servers.' });
    if (!mayChoose(actor, course, profile)) {
      if ((await courses.profile(course)) === name) return ok(null);
      return refuse({ code: 'forbidden', say: `Only some people may choose “${profile.title}” for this course. Ask an admin of the site.` });
    }
    await courses.setProfile(course, profile === profiles[0] ? undefined : name);
    return ok(null);
  },
});

export type CourseProfiles = ReturnType<typeof makeCourseProfiles>;
