import type { CheckedNotebook } from '../courses/import/notebook.ts';
import { RefusedError, type Outcome } from '../errors.ts';
import type { Sight } from './sight.ts';

/** Thrown in place of the end of bytes that are no notebook, so that whoever keeps them keeps nothing. */
export class Unreadable extends RefusedError {
  override name = 'Unreadable';
}

/**
 * Work on whole notebooks, which may have 64 MB and millions of values: it holds up nobody who asks for something else. Turns are
 * fair by `person`, whoever that is to the caller.
 */
export interface NotebookWork {
  /** The same bytes, as they come. @throws Unreadable at their end, when they are no notebook */
  checked(bytes: AsyncIterable<Uint8Array>, person: string): AsyncIterable<Uint8Array>;
  /** @param size of the bytes, which is known where they are kept */
  sight(bytes: AsyncIterable<Uint8Array>, size: number, person: string): Promise<Outcome<Sight>>;
  /** Whether two files hold the same notebook. What cannot be read, or takes too much, is the same as nothing. */
  same(one: AsyncIterable<Uint8Array>, other: AsyncIterable<Uint8Array>, sizes: number, person: string): Promise<boolean>;
  /** What is known of a file that is to be a lesson. `to` plan a course, without outputs; or to `keep` it, with its text. */
  imported(file: string, bytes: AsyncIterable<Uint8Array>, size: number, person: string, to: 'plan' | 'keep'): Promise<Outcome<CheckedNotebook>>;
}
