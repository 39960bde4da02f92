'use server';

import * as people from '../../lib/web/sign-in.ts';

export const signInWithPassword = people.signInWithPassword;
export const signUpWithPassword = people.signUpWithPassword;
export const askForSignInLink = people.askForSignInLink;
export const askForReset = people.askForReset;
export const resetPassword = people.resetPassword;
export const verifyEmail = people.verifyEmail;
export const takeSignInLink = people.takeSignInLink;
export const takeAdminLink = people.takeAdminLink;
export const signOut = people.endMySession;
