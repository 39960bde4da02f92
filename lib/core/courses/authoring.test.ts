import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LessonId } from '../ids.ts';
import { moveLesson, moveModule, type Arrangement } from './authoring.ts';
import { freeSlug, isSlug, slugOf } from './slug.ts';

const id = (name: string) => name as LessonId;
const order: Arrangement = [{ module: 'x', lessons: [id('a'), id('b')] }, { module: 'y', lessons: [] }, { module: 'z', lessons: [id('c')] }];

test('a lesson at the end of its module goes to the front of the next one, and back', () => {
  const down = moveLesson(order, id('b'), 'down')!;
  expect(down.map((module) => module.lessons)).toEqual([['a'], ['b'], ['c']]);
  expect(moveLesson(down, id('b'), 'up')).toEqual(order);
});

test('there is no step past either end', () => {
  expect(moveLesson(order, id('a'), 'up')).toBeUndefined();
  expect(moveLesson(order, id('c'), 'down')).toBeUndefined();
  expect(moveLesson(order, id('unknown'), 'down')).toBeUndefined();
  expect(moveModule(order, 'x', 'up')).toBeUndefined();
  expect(moveModule(order, 'z', 'down')).toBeUndefined();
  expect(moveModule(order, 'y', 'up')!.map(({ module }) => module)).toEqual(['y', 'x', 'z']);
});

test('every title gets an address that counts as one', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (title) => isSlug(slugOf(title, 'course'))));
  expect(slugOf('Größe & Façade: it’s 2 easy', 'x')).toBe('grosse-facade-its-2-easy');
  expect(slugOf('數學', 'lesson-1')).toBe('lesson-1');
  expect(slugOf('New', 'x')).toBe('new-course');
});

test('a taken address gets the first free number and stays an address', () => {
  const taken = new Set(['a'.repeat(60), `${'a'.repeat(54)}-2`]);
  const slug = freeSlug('a'.repeat(60), (one) => taken.has(one));
  expect(slug).toBe(`${'a'.repeat(54)}-3`);
  expect(isSlug(slug)).toBe(true);
});
