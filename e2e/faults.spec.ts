import { statusThroughFrontDoor } from '../scripts/testing/front-door.ts';
import { expect, test } from './fixtures.ts';
import { killServerOf } from './kill-server.ts';
import { addCodeCell, linesOf, liveServer, openLesson, outputOf, run, startCounting } from './lesson.ts';
import { killProgram, programOf, type ProgramName } from './stack.ts';

const LINES = 40;
const counting = `import time\nfor i in range(${LINES}):\n    print('line', i, flush=True)\n    time.sleep(0.25)\nprint('all', 'lines')`;

const state = () => process.env.E2E_STATE_DIR!;

async function isBack(name: ProgramName, before: number, site: string) {
  await expect.poll(() => programOf(state(), name)?.pid ?? before, { timeout: 60_000 }).not.toBe(before);
  await expect.poll(() => statusThroughFrontDoor(Number(new URL(site).port), '/readyz'), { timeout: 60_000 }).toBe(200);
}

// That of the gateway was seen to fail with the log of outputs unread after a loss: the lines of that time were missing.
for (const name of ['gateway', 'web', 'controller'] as const) {
  test(`F7 kill -9 of ${name}: it comes back by itself, the running cell goes on and the page shows every line`, async ({ learner, site, expectedProblems }) => {
    expectedProblems.push(/ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_INCOMPLETE|ERR_NETWORK|WebSocket|50[0-9]|Failed to fetch|NetworkError|Connection lost|reconnecting/i);
    const { cell, server } = await startCounting(learner, site, counting);

    const killed = killProgram(state(), name);
    await isBack(name, killed.pid, site);

    await expect(outputOf(cell)).toContainText('all lines', { timeout: 60_000 });
    expect(await linesOf(cell)).toEqual(Array.from({ length: LINES }, (_, index) => index));
    expect(await liveServer(learner.person)).toEqual(server);
  });
}

test('a server that was killed is replaced by the next run, with the work still there', async ({ learner, site, expectedProblems }) => {
  expectedProblems.push(/WebSocket|50[0-9]|40[0-9]|Connection lost|reconnecting|ERR_|Kernel/i);
  await openLesson(learner, site);
  const cell = await addCodeCell(learner.page, `print('kept', 6 * 7)`);
  await run(cell);
  await expect(outputOf(cell)).toContainText('kept 42', { timeout: 60_000 });
  await expect(learner.page.locator('[data-save="saved"]')).toBeVisible();

  const before = await liveServer(learner.person);
  await killServerOf(learner.person);
  await expect.poll(async () => (await liveServer(learner.person))?.id, { timeout: 30_000 }).not.toBe(before!.id);

  await run(cell);
  await expect.poll(async () => (await liveServer(learner.person))?.state, { timeout: 60_000 }).toBe('running');
  await expect(outputOf(cell)).toContainText('kept 42', { timeout: 60_000 });
  await learner.page.reload();
  await expect(learner.page.getByText('kept 42').first()).toBeVisible();
});
