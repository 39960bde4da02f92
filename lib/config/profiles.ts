import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { gpuCount, toleration } from './pods.ts';

const whole = z.number().int().positive();
const text = (most: number) => z.string().trim().min(1).max(most);
const weekday = z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']);
const isTimeZone = (name: string) => {
  try {
    return Boolean(new Intl.DateTimeFormat('en-GB', { timeZone: name }));
  } catch {
    return false;
  }
};
const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time such as 08:45');
const labels = z.record(z.string(), z.string());

const timetable = z.array(
  z.strictObject({
    days: z.array(weekday).min(1),
    from: time,
    to: time,
    timeZone: z.string().refine(isTimeZone, 'a time zone such as Europe/Berlin'),
    servers: whole,
  }),
);

const told = { title: text(60).optional(), description: text(200).optional(), timetable: timetable.optional() };

/** What the default profile is made of the settings say; here it has a name for people, and classes. */
const Default = z.strictObject(told);

const Further = z.strictObject({
  ...told,
  cpus: z.number().positive().optional(),
  memoryMb: whole.optional(),
  diskMb: whole.optional(),
  processes: whole.optional(),
  lifetimeS: whole.optional(),
  idleS: whole.optional(),
  startDeadlineS: whole.optional(),
  poolFloor: z.number().int().min(0).default(0),
  mayUse: z.strictObject({ roles: z.array(z.enum(['user', 'instructor', 'admin'])).default([]), courses: z.array(z.guid('the id of a course, as /teach shows it to admins')).default([]) }).default({ roles: [], courses: [] }),
  image: text(500).optional(),
  requests: z.strictObject({ cpus: z.number().positive().optional(), memoryMb: whole.optional(), diskMb: whole.optional() }).optional(),
  gpus: gpuCount.nullable().optional(),
  nodeSelector: labels.optional(),
  tolerations: z.array(toleration).optional(),
  runtimeClass: text(253).nullable().optional(),
  priorityClass: text(253).nullable().optional(),
});
export type FurtherProfile = z.output<typeof Further>;

/** What only pods have. */
export const podFields = ['image', 'requests', 'gpus', 'nodeSelector', 'tolerations', 'runtimeClass', 'priorityClass'] as const satisfies (keyof FurtherProfile)[];

const name = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/, 'a name of small letters, digits and hyphens, at most 40');

export type ProfileSettings = { default: z.output<typeof Default>; further: Map<string, FurtherProfile> };

/**
 * LECTERN_PROFILES: a JSON object, each profile under its name, or a file with one.
 * Issues are named by profile and field.
 */
export const profiles = z
  .string()
  .default('{}')
  .transform((given, context) => {
    try {
      return JSON.parse(given.trimStart().startsWith('{') ? given : readFileSync(given, 'utf8')) as unknown;
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof SyntaxError ? `no JSON: ${error.message}` : `neither JSON nor a file that can be read: ${given}` });
      return z.NEVER;
    }
  })
  .pipe(z.record(name, z.unknown()))
  .transform((given, context): ProfileSettings => {
    const read = <S extends z.ZodType>(at: string, schema: S, value: unknown): z.output<S> | undefined => {
      const parsed = schema.safeParse(value);
      for (const issue of parsed.error?.issues ?? []) context.addIssue({ code: 'custom', path: [at, ...issue.path], message: issue.message });
      return parsed.data;
    };
    const { default: usual = {}, ...others } = given;
    const further = Object.entries(others).flatMap(([at, value]) => {
      const profile = read(at, Further, value);
      return profile ? [[at, profile] as const] : [];
    });
    return { default: read('default', Default, usual) ?? {}, further: new Map(further) };
  });
