import type { SiteRole } from '../../lib/core/users/actor.ts';

export const roleWords: Record<SiteRole, string> = { user: 'Learner', instructor: 'Instructor', admin: 'Admin' };

/** The choices of a select of roles. */
export const RoleOptions = () =>
  Object.entries(roleWords).map(([role, word]) => (
    <option key={role} value={role}>
      {word}
    </option>
  ));
