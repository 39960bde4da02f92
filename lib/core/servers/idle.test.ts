import { describe, expect, test } from 'vitest';
import { activityOf, decideIdle } from './idle.ts';
import type { ServerStatus } from './jupyter.ts';

const nine = new Date('2026-01-05T09:00:00Z');
const minutes = (n: number) => n * 60_000;
const at = (n: number) => new Date(nine.getTime() + minutes(n));
const limits = { idleMs: minutes(30), warningMs: minutes(2), busyMs: minutes(360), lifetimeMs: minutes(720) };
const server = (activity = {}) => ({ claimedAt: nine, activity: { activeAt: nine, ...activity } });

describe('a running server', () => {
  test('is warned before its idle limit and stopped at it, and an open tab changes nothing', () => {
    expect(decideIdle(server(), at(27), limits)).toEqual({ do: 'nothing' });
    expect(decideIdle(server(), at(28), limits)).toEqual({ do: 'warn' });
    expect(decideIdle(server({ warnedAt: at(28) }), at(29), limits)).toEqual({ do: 'nothing' });
    expect(decideIdle(server({ warnedAt: at(28) }), at(30), limits)).toEqual({ do: 'stop', reason: 'idle' });
  });

  // Seen to fail with a stop that does not wait for its warning.
  test('F19 is never stopped without the whole warning time, however late the warning came', () => {
    expect(decideIdle(server(), at(100), limits)).toEqual({ do: 'warn' });
    expect(decideIdle(server({ warnedAt: at(100) }), at(101), limits)).toEqual({ do: 'nothing' });
    expect(decideIdle(server({ warnedAt: at(100) }), at(102), limits)).toEqual({ do: 'stop', reason: 'idle' });
  });

  // Seen to fail with the warning never taken back.
  test('F19 whose owner came back is not warned any more, and one that was kept has its whole limit again', () => {
    expect(decideIdle(server({ warnedAt: at(28), activeAt: at(29) }), at(30), limits)).toEqual({ do: 'unwarn' });
    expect(decideIdle(server({ keptAt: at(29) }), at(50), limits)).toEqual({ do: 'nothing' });
    expect(decideIdle(server({ keptAt: at(29) }), at(57), limits)).toEqual({ do: 'warn' });
  });

  // Seen to fail with `busySince` left out.
  test('F19 with a long-running cell is not idle, until busy has lasted its maximum without a person', () => {
    expect(decideIdle(server({ busySince: at(1) }), at(300), limits)).toEqual({ do: 'nothing' });
    expect(decideIdle(server({ busySince: at(1) }), at(358), limits)).toEqual({ do: 'warn' });
    expect(decideIdle(server({ busySince: at(1), activeAt: at(200) }), at(500), limits)).toEqual({ do: 'nothing' });
  });

  test('ends with its lifetime though it is in use, and is warned of it', () => {
    expect(decideIdle(server({ activeAt: at(717) }), at(718), limits)).toEqual({ do: 'warn' });
    expect(decideIdle(server({ activeAt: at(719), keptAt: at(719), warnedAt: at(718) }), at(720), limits)).toEqual({ do: 'stop', reason: 'lifetime' });
  });
});

describe('a server’s report', () => {
  const report: ServerStatus = { nowMs: 50_000, lastInputMs: 20_000, lastBusyMs: 40_000, kernels: [], terminals: 0, diskUsedBytes: 0, diskSizeBytes: 1 };

  test('is read by its own clock, however wrong that is', () => {
    expect(activityOf(report, nine).activeAt).toEqual(new Date(nine.getTime() - 10_000));
    expect(activityOf({ ...report, lastInputMs: 60_000 }, nine).activeAt).toEqual(nine);
  });

  test('a cell that runs is no sign of a person, but its end is one', () => {
    const running = { kernelId: 'k', state: 'busy', waitingForInput: false } as const;
    expect(activityOf({ ...report, kernels: [running] }, nine).activeAt).toEqual(new Date(nine.getTime() - 30_000));
    expect(activityOf({ ...report, kernels: [{ ...running, state: 'idle' }] }, nine).activeAt).toEqual(new Date(nine.getTime() - 10_000));
  });

  test('an input() nobody answers is not busy; a cell that runs beside it is', () => {
    const asking = { kernelId: 'k', state: 'busy', waitingForInput: true } as const;
    expect(activityOf({ ...report, kernels: [asking] }, nine).busy).toBe(false);
    expect(activityOf({ ...report, kernels: [asking, { ...asking, waitingForInput: false }] }, nine).busy).toBe(true);
  });
});
