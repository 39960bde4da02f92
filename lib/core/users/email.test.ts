import { expect, test } from 'vitest';
import { normalEmail } from './email.ts';

// Seen to fail with the case kept.
test('T21 case variants and spaces around are one address', () => {
  expect(normalEmail('  Ada.Lovelace@Example.ORG ')).toBe('ada.lovelace@example.org');
});

// Seen to fail with the address put into NFC and lower case before the ASCII check: the Kelvin sign became a k.
test.each([
  ['a Kelvin sign for a k', '\u212A@example.org'],
  ['full-width letters', 'ａdmin@example.org'],
  ['a Cyrillic a', 'аdmin@example.org'],
  ['a comma, two addresses', 'victim@example.org,evil@evil.example'],
  ['two signs', 'a@b@example.org'],
  ['a quoted local part', '"a b"@example.org'],
  ['a line break', 'a@example.org\nbcc:evil@evil.example'],
  ['a name around it', 'Ada <a@example.org>'],
  ['a domain with a path', 'a@exämple.org/evil'],
  ['a trailing dot', 'a.@example.org'],
  ['one megabyte', `${'a'.repeat(1_000_000)}@example.org`],
  ['no text', { toString: (): string => 'a@example.org' }],
])('T21 %s is refused', (_, raw) => {
  expect(normalEmail(raw)).toBeUndefined();
});

// Seen to fail with the domain made plain letters.
test('T21 a look-alike domain is another address', () => {
  expect(normalEmail('ada@exаmple.org')).toBe('ada@xn--exmple-4nf.org');
});
