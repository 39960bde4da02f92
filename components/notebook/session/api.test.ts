import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { enterWorkspace, readNotebook, writeNotebook } from './api.client.ts';
import { brokenOff, place, refusal, standInBrowser } from './browser.fixture.ts';

let site: ReturnType<typeof standInBrowser>;
beforeEach(() => {
  site = standInBrowser('x');
});
afterEach(() => vi.unstubAllGlobals());

// Seen to fail with the answer read outside of `try`: it was thrown at whoever asked.
test('an answer that breaks off, is not what was asked for or does not come at all is none', async () => {
  for (const answer of [brokenOff, () => new Response('<p>Please log in to this network')]) {
    site.manner = answer;
    expect(await writeNotebook(place, { text: 'y', revision: 1 })).toEqual({ state: 'offline' });
    expect(await enterWorkspace(place)).toEqual({ state: 'offline' });
  }
  site.manner = brokenOff;
  expect(await readNotebook(place)).toEqual({ state: 'offline' });
  site.manner = 'away';
  expect(await readNotebook(place)).toEqual({ state: 'offline' });
});

// Seen to fail with a full workspace taken for a failure, and with failures taken for refusals.
test('a failure of the site is to be tried again, a full workspace and every other refusal are not', async () => {
  const answered = async (response: Response) => {
    site.manner = () => response;
    return writeNotebook(place, { text: 'y', revision: 1 });
  };
  expect(await answered(refusal(503, 'unavailable'))).toEqual({ state: 'offline' });
  expect(await answered(new Response('Bad Gateway', { status: 502 }))).toEqual({ state: 'offline' });
  expect(await answered(refusal(507, 'disk_full', 'The disk is full.'))).toMatchObject({ state: 'refused', code: 'disk_full' });
  expect(await enterWorkspace(place), 'what saves nothing is asked again').toEqual({ state: 'offline' });
  expect(await answered(refusal(507, 'quota', 'Full.'))).toMatchObject({ state: 'refused', code: 'quota', say: 'Full.' });
  expect(await answered(refusal(409, 'locked'))).toMatchObject({ state: 'refused', code: 'locked' });
  expect(await answered(new Response('', { status: 413 }))).toMatchObject({ state: 'refused', code: '413' });
  site.manner = 'well';
  expect(await writeNotebook(place, { text: 'y', revision: 9 })).toMatchObject({ state: 'refused', code: 'stale' });
});
