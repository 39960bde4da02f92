'use server';

import { revalidatePath } from 'next/cache';
import * as account from '../../../lib/web/account.ts';

export async function changeName(fields: unknown) {
  const outcome = await account.changeName(fields);
  if (outcome.ok) revalidatePath('/', 'layout');
  return outcome;
}

export async function changePassword(fields: unknown) {
  const outcome = await account.changePassword(fields);
  if (outcome.ok) revalidatePath('/account');
  return outcome;
}

export async function disconnect(fields: unknown) {
  const outcome = await account.disconnect(fields);
  if (outcome.ok) revalidatePath('/account');
  return outcome;
}

export async function signOutElsewhere(fields: unknown) {
  const outcome = await account.signOutElsewhere(fields);
  if (outcome.ok) revalidatePath('/account');
  return outcome;
}

export const askToVerify = account.askToVerify;
