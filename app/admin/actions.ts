'use server';

import { revalidatePath } from 'next/cache';
import * as admin from '../../lib/web/admin.ts';

export const stopServer = async (input: { server: string }) => admin.stopServer(input);

export const startServer = async (input: { workspace: string }) => admin.startServer(input);

export const setRole = async (input: { user: string; role: string }) => shown(await admin.setRole(input));

export const setBanned = async (input: { user: string; banned: boolean }) => shown(await admin.setBanned(input));

export const invite = async (fields: unknown) => shown(await admin.invite(fields));

export const withdraw = async (input: { email: string }) => shown(await admin.withdraw(input));

/** The page of people shows what was done. */
function shown<T extends { ok: boolean }>(outcome: T): T {
  if (outcome.ok) revalidatePath('/admin/people');
  return outcome;
}
