import { expect, test } from 'vitest';
import { durationInWords } from '../duration.ts';
import type { Email } from './email.ts';
import { linkLifetimeS } from './links.ts';
import { mails } from './mail.ts';

// Seen to fail with "15 minutes" typed into the letter and another lifetime.
test.each([
  ['verify', mails.verify],
  ['reset', mails.reset],
  ['sign-in', mails.signIn],
] as const)('a letter with a %s link says how long the link really works', (purpose, write) => {
  const { text } = write('ada@example.org' as Email, new URL('https://lectern.example/page?token=secret'));
  expect(text).toContain(`It works once, within ${durationInWords(linkLifetimeS[purpose])}`);
});
