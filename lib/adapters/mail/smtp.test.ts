import { createServer, type AddressInfo, type Server } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UpstreamError } from '../../core/errors.ts';
import type { Email } from '../../core/users/email.ts';
import { makeSmtpMailer } from './smtp.ts';

type Received = { said: string[]; mail: string };

let server: Server;
const received: Received[] = [];

/** As much of RFC 5321 as a client needs; it takes mail for example.org and for nobody else. */
beforeEach(async () => {
  received.length = 0;
  server = createServer((socket) => {
    const one: Received = { said: [], mail: '' };
    received.push(one);
    let inMail = false;
    const answer = (line: string) => socket.write(`${line}\r\n`);
    socket.on('error', () => undefined);
    answer('220 mail.example.org');
    createInterface(socket).on('line', (line) => {
      if (inMail) {
        inMail = line !== '.';
        return inMail ? (one.mail += `${line}\n`) : answer('250 taken');
      }
      one.said.push(line);
      if (line.startsWith('EHLO')) answer('250-mail.example.org\r\n250 AUTH PLAIN');
      else if (line.startsWith('AUTH')) answer('235 welcome');
      else if (line.startsWith('RCPT')) answer(/@example\.org>/.test(line) ? '250 ok' : '550 no such person');
      else if (line === 'DATA') answer('354 go on');
      else answer('250 ok');
      inMail = line === 'DATA';
      return undefined;
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterEach(() => new Promise<void>((closed) => server.close(() => closed())));

const mailer = () => makeSmtpMailer(`smtp://site:secret@127.0.0.1:${(server.address() as AddressInfo).port}`, 'Lectern <lectern@example.org>');
const recipients = () => received.flatMap(({ said }) => said).filter((line) => line.startsWith('RCPT'));

test('mail goes to the server of the address, signed in, to one person and with its link whole', async () => {
  const own = mailer();
  const link = `https://learn.example.org/link?token=${'a'.repeat(90)}`;
  await own.send({ to: 'ada@example.org' as Email, subject: 'Your sign-in link', text: `Hello\n\n${link}\n` });
  own.close?.();
  const { said, mail } = received[0]!;
  expect(said).toContain(`AUTH PLAIN ${Buffer.from('\0site\0secret').toString('base64')}`);
  expect(recipients()).toEqual(['RCPT TO:<ada@example.org>']);
  expect(mail).toContain('From: Lectern <lectern@example.org>');
  expect(mail).toContain('Subject: Your sign-in link');
  expect(mail.replaceAll('=\n', '').replaceAll('=3D', '=')).toContain(link);
});

// Seen to fail with the address given as a string: ada and eve each got the mail.
test('T21 an address that holds two is read as one', async () => {
  const own = mailer();
  await own.send({ to: 'ada@example.org, eve@example.org' as Email, subject: 's', text: 't' });
  own.close?.();
  expect(recipients()).toEqual(['RCPT TO:<"ada@example.org, eve"@example.org>']);
});

test('what the mail server refuses is a failure that says so', async () => {
  const own = mailer();
  await expect(own.send({ to: 'eve@elsewhere.org' as Email, subject: 's', text: 't' })).rejects.toThrow(UpstreamError);
  own.close?.();
  expect(received.flatMap(({ said }) => said)).not.toContain('DATA');
});

test('a server that is not there is a failure that names what was done', async () => {
  const own = mailer();
  await new Promise<void>((closed) => server.close(() => closed()));
  await expect(own.send({ to: 'ada@example.org' as Email, subject: 's', text: 't' })).rejects.toMatchObject({ name: 'UpstreamError' });
  own.close?.();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
