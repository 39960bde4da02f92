const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

/**
 * A class that comes again each week, as the clock on the wall of its time zone tells it: `from` and `to` are 'HH:MM', and a class whose
 * `to` is not later ends the next day. `servers`: how many are expected in it.
 */
export type WeeklyClass = { days: readonly Weekday[]; from: string; to: string; timeZone: string; servers: number };

export type Timetable = readonly WeeklyClass[];

const DAY = 24 * 60;
const clocks = new Map<string, Intl.DateTimeFormat>();

/** What the clock on the wall shows: the day, 0 for Monday, and the minute of it. */
function wallClock(at: Date, timeZone: string): { day: number; minute: number } {
  const clock = clocks.get(timeZone) ?? new Intl.DateTimeFormat('en-GB', { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  clocks.set(timeZone, clock);
  const parts = new Map(clock.formatToParts(at).map(({ type, value }) => [type, value]));
  return { day: weekdays.indexOf(parts.get('weekday')!.toLowerCase() as Weekday), minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) };
}

const minuteOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/**
 * When the class that is on now began; none when it is not on. An hour that the clocks skip or repeat belongs to the class as the wall
 * shows it.
 */
export function begunAt({ days, from, to, timeZone }: WeeklyClass, now: Date): Date | undefined {
  const [start, end] = [minuteOf(from), minuteOf(to)];
  const { day, minute } = wallClock(now, timeZone);
  const isOn = (of: number) => days.includes(weekdays[(of + 7) % 7]!);
  const today = isOn(day) && start <= minute && (minute < end || end <= start);
  const sinceYesterday = isOn(day - 1) && end <= start && minute < end;
  if (!today && !sinceYesterday) return undefined;
  const shown = today ? minute - start : minute + DAY - start;
  const guess = new Date(Math.floor(now.getTime() / 60_000) * 60_000 - shown * 60_000);
  // The clocks may have been changed since: the wall showed something else then.
  const off = wallClock(guess, timeZone).minute - start;
  const nearest = ((off + DAY + DAY / 2) % DAY) - DAY / 2;
  return new Date(guess.getTime() - nearest * 60_000);
}
