import { expect, test } from 'vitest';
import type { ServerId, WorkspaceId, WorkspaceKey } from '../../../lib/core/ids.ts';
import type { ServerView } from '../../../lib/core/servers/view.ts';
import { nextSession, type Session, type SessionEvent } from './session.ts';

const workspace = { id: 'w' as WorkspaceId, key: 'k' as WorkspaceKey, origin: 'http://k.nb.test', path: 'a.ipynb' };
const at = { workspace, origin: workspace.origin, kernelId: 'kernel', sessionId: 's', server: { id: 'one' as ServerId, generation: 1 } };
const ready: ServerView = { state: 'ready', id: 'one' as ServerId, generation: 1 };
const queued: ServerView = { state: 'waiting', id: 'one' as ServerId, stage: 'queued', say: 'Waiting', place: 3 };
const died = (id: string): ServerView => ({ state: 'ended', id: id as ServerId, reason: 'memory', say: 'Too much memory.' });
const after = (...events: SessionEvent[]) => events.reduce<Session>(nextSession, { state: 'closed' });

test('a warm server is entered at once', () => {
  expect(after({ kind: 'open' }, { kind: 'opened', workspace, server: ready })).toEqual({ state: 'entering', workspace });
});

test('a queued page follows its place and enters when the server is ready', () => {
  const waiting = after({ kind: 'open' }, { kind: 'opened', workspace, server: queued }, { kind: 'server', workspace: workspace.id, server: { ...queued, place: 1 } });
  expect(waiting).toMatchObject({ state: 'waiting', server: { place: 1 } });
  expect(nextSession(waiting, { kind: 'server', workspace: workspace.id, server: ready })).toMatchObject({ state: 'entering' });
});

const connected = after({ kind: 'open' }, { kind: 'opened', workspace, server: ready }, { kind: 'entered', at }, { kind: 'connecting' }, { kind: 'connected' });

test('a server that died ends the session with its cause, and the next open starts anew', () => {
  const ended = nextSession(connected, { kind: 'server', workspace: workspace.id, server: died('one') });
  expect(ended).toEqual({ state: 'ended', workspace, say: 'Too much memory.', ran: true });
  expect(nextSession(ended, { kind: 'open' })).toEqual({ state: 'opening' });
});

test('the cause replaces the news that it stops', () => {
  const stopping = nextSession(connected, { kind: 'server', workspace: workspace.id, server: { state: 'stopping', id: 'one' as ServerId, say: 'Stopping.' } });
  expect(nextSession(stopping, { kind: 'server', workspace: workspace.id, server: died('one') })).toMatchObject({ say: 'Too much memory.' });
});

test('the end of a server does not end the wait of who asked for the next one while it was stopping', () => {
  const stopping = { state: 'stopping', id: 'one' as ServerId, say: 'Stopping.' } as const;
  const waiting = nextSession(nextSession({ state: 'closed' }, { kind: 'open' }), { kind: 'opened', workspace, server: stopping });
  expect(waiting.state).toBe('waiting');
  for (const server of [stopping, died('one')]) expect(nextSession(waiting, { kind: 'server', workspace: workspace.id, server })).toBe(waiting);
});

// Seen to fail with every end taken for that of a server which ran: “Your server has stopped” stood over why none could be started.
test('a start that failed is no server that ran, whether an answer tells it or events do: first that it stops, then why', () => {
  const waiting = after({ kind: 'open' }, { kind: 'opened', workspace, server: queued });
  const stopping: ServerView = { state: 'stopping', id: 'one' as ServerId, say: 'Stopping.' };
  const failed: ServerView = { state: 'ended', id: 'one' as ServerId, reason: 'room', say: 'No machine had room.' };
  const told = [stopping, failed].reduce<Session>((session, server) => nextSession(session, { kind: 'server', workspace: workspace.id, server }), waiting);
  const answered = nextSession(waiting, { kind: 'opened', workspace, server: failed });
  for (const session of [told, answered]) expect(session).toEqual({ state: 'ended', workspace, say: 'No machine had room.', ran: false });
  expect(nextSession(nextSession(connected, { kind: 'lost' }), { kind: 'opened', workspace, server: died('one') })).toMatchObject({ state: 'ended', ran: true });
});

test('late news of an earlier server, or of another workspace, changes nothing', () => {
  expect(nextSession(connected, { kind: 'server', workspace: workspace.id, server: died('before') })).toBe(connected);
  expect(nextSession(connected, { kind: 'server', workspace: 'other' as WorkspaceId, server: died('one') })).toBe(connected);
});

test('a lost socket counts its attempts and may come back', () => {
  const lost = [{ kind: 'lost' }, { kind: 'lost' }] as const;
  expect(lost.reduce<Session>(nextSession, connected)).toMatchObject({ state: 'lost', attempt: 2 });
  expect([...lost, { kind: 'connected' } as const].reduce<Session>(nextSession, connected)).toMatchObject({ state: 'connected' });
});

test('after sign-out nothing happens any more', () => {
  const out = nextSession(connected, { kind: 'signed-out' });
  expect(nextSession(out, { kind: 'open' })).toBe(out);
});

test('a second open while one is under way changes nothing', () => {
  const opening = after({ kind: 'open' });
  expect(nextSession(opening, { kind: 'open' })).toBe(opening);
});
