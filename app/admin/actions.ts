'use server';

import { revalidatePath } from 'next/cache';
import * as admin from '../../lib/web/admin.ts';

export const stopServer = async (input: { server: string }) => admin.stopServer(input);

export const startServer = async (input: { workspace: string }) => admin.startServer(input);

export async function setRole(input: { user: string; role: string }) {
  const outcome = await admin.setRole(input);
  if (outcome.ok) revalidatePath('/admin/people');
  return outcome;
}

export async function setBanned(input: { user: string; banned: boolean }) {
  const outcome = await admin.setBanned(input);
  if (outcome.ok) revalidatePath('/admin/people');
  return outcome;
}
