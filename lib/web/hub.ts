import { readEnvironment } from '../config/read.ts';
import { makeSiteHub, type SiteHub } from '../hub.ts';

const slot = globalThis as typeof globalThis & { lecternSiteHub?: Promise<SiteHub> };

/**
 * The hub of this process, made at the first call. Kept on `globalThis`, since the development server loads this module
 * anew at each change and Next bundles it once for each kind of entry.
 */
export function siteHub(): Promise<SiteHub> {
  return (slot.lecternSiteHub ??= (async () => {
    const { config, secrets } = readEnvironment();
    const hub = await makeSiteHub(config, secrets);
    // Next lets every request end before the program does. Event streams do so only when told; browsers open them again.
    process.once('SIGTERM', () => hub.feed.close());
    return hub;
  })());
}
