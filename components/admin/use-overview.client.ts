'use client';

import { useCallback, useEffect, useState } from 'react';
import type { Overview } from '../../lib/core/admin/overview.ts';

const EVERY_MS = 2_000;

/** The overview, asked for anew while the page is visible. `fresh` is false while the site does not answer. */
export function useOverview(initial: Overview) {
  const [overview, setOverview] = useState(initial);
  const [fresh, setFresh] = useState(true);

  const refresh = useCallback(async (signal?: AbortSignal) => {
    try {
      const response = await fetch('/api/admin/overview', { signal, cache: 'no-store' });
      if (response.ok) setOverview((await response.json()) as Overview);
      setFresh(response.ok);
    } catch {
      if (!signal?.aborted) setFresh(false);
    }
  }, []);

  useEffect(() => {
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const again = async () => {
      if (document.visibilityState === 'visible') await refresh(ended.signal);
      if (!ended.signal.aborted) timer = setTimeout(() => void again(), EVERY_MS);
    };
    timer = setTimeout(() => void again(), EVERY_MS);
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, [refresh]);

  return { overview, fresh, refresh: useCallback(() => refresh(), [refresh]) };
}
