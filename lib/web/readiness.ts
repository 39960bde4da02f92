import { decideReadiness, type Readiness } from '../core/admin/health.ts';
import { siteHub } from './hub.ts';

/** What this process can do for people now. Never throws: a part that cannot be asked is a part that is missing. */
export async function readiness(): Promise<Readiness> {
  try {
    const hub = await siteHub();
    const pending = await hub.health.pendingMigrations().catch(() => 'unreachable' as const);
    return decideReadiness({ pending, bus: hub.bus.isListening() ? 'listening' : 'lost' });
  } catch {
    return { ready: false, because: ['database'] };
  }
}
