import { z } from 'zod';

/**
 * Text that people type, in two kinds: a line (names, titles, what is searched for) and several lines (summaries, descriptions).
 * Every schema that takes a person's text is made here; lint refuses `z.string()` in lib/web and app.
 *
 * Cleaned, since whoever pastes from a word processor or a chat cannot see it: spaces around, canonical equivalents (NFC), byte
 * order marks, zero-width spaces, word joiners, and the marks that only hint at a direction (U+200E, U+200F, U+061C).
 * Kept: the joiners U+200C and U+200D, which Persian, Indic scripts and emoji are written with.
 * Refused, since leaving it out would change what was meant, or it was meant to deceive: control characters (PostgreSQL stores no
 * NUL; a line break in a name forges a line of a mail or a log), characters that turn the direction of what follows ("Trojan
 * Source"), and halves of a surrogate pair, which are no text in UTF-8.
 */
const UNSEEN = /[\u00AD\u061C\u200B\u200E\u200F\u2060\uFEFF]/g;
const CONTROL = /[\u0000-\u001F\u007F-\u009F\u2028\u2029]/;
const CONTROL_BUT_LINES = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028\u2029]/;
/** Also what an uploaded file may not have in its name: it would read as another one. */
export const TURNING = /[\u202A-\u202E\u2066-\u2069]/;
/** What has nothing to see: joiners alone, fillers, tags. */
const BLANK = /^[\s\p{Cf}\p{Mn}\u115F\u1160\u3164\uFFA0\u2800]*$/u;

type Options = {
  /** In characters as people count them, not in UTF-16 units. */
  most: number;
  /** Said where nothing is typed. Without it, nothing is fine. */
  empty?: string;
};

/** A text without line breaks. */
export const line = (options: Options) => typed(options, CONTROL, 'It has a line break or a control character, which cannot be used here. Type it anew.');

/** A text of several lines; however they were ended, they end with \n. */
export const lines = (options: Options) => typed(options, CONTROL_BUT_LINES, 'It has a control character, which cannot be used here. Type it anew.');

function typed({ most, empty }: Options, control: RegExp, hasControl: string) {
  const tooLong = `At most ${most} characters.`;
  return z
    .string(empty)
    // Before anything is done with it. No character of Unicode takes more than two units, and NFC makes none longer than thrice.
    .max(most * 6, tooLong)
    .transform((raw, context): string => {
      const refuse = (message: string) => (context.addIssue({ code: 'custom', message }), z.NEVER);
      const text = raw.replace(UNSEEN, '').replaceAll('\r\n', '\n').trim();
      if (!text.isWellFormed()) return refuse('It has half a character, which cannot be stored. Type it anew.');
      if (control.test(text)) return refuse(hasControl);
      if (TURNING.test(text)) return refuse('It has a character that turns the direction of writing, which cannot be used here. Type it anew.');
      const settled = text.normalize('NFC');
      if ([...settled].length > most) return refuse(tooLong);
      if (BLANK.test(settled)) return empty === undefined ? '' : refuse(empty);
      return settled;
    });
}

/** The same line made of what nobody typed here: a provider's name for a person, an imported title, a search in an address. Never refused. */
export function cleaned(text: string, most: number): string {
  const line = text.slice(0, most * 6).toWellFormed().replaceAll(UNSEEN, '').replace(new RegExp(TURNING, 'g'), '').replace(new RegExp(CONTROL, 'g'), ' ');
  const settled = [...line.normalize('NFC').replace(/\s+/g, ' ').trim()].slice(0, most).join('').trim();
  return BLANK.test(settled) ? '' : settled;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text can be an id of a row. PostgreSQL would answer anything else with an error; it names nothing. */
export const isId = (value: string): boolean => UUID.test(value);

/** Said where an id names nothing, as it is for one that is not there. */
export const NO_SUCH_ID = 'There is no such thing here.';

/** An id of a row, as pages send it. `action` answers `not_found` for anything else. */
export const id = <T extends string = string>() => z.string().refine(isId, NO_SUCH_ID).transform((value) => value as T);

/** What only machines write: slugs, secrets of links, paths, names of providers. Looked up, never shown or stored as it came. */
export const token = (most: number) => z.string().max(most).refine((text) => text.isWellFormed() && !CONTROL.test(text));
