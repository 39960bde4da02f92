'use client';

import { useEffect, useState } from 'react';

/** A wait shorter than this is not worth saying: what would say it only flickers, and painting it delays what is waited for. In milliseconds. */
const worthSaying = 150;

/** Whether the value has been true for so long that it should be shown. */
export function useLate(value: boolean): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!value) return undefined;
    const timer = setTimeout(() => setLate(true), worthSaying);
    return () => {
      clearTimeout(timer);
      setLate(false);
    };
  }, [value]);
  return value && late;
}
