import { sayShortfall, type Shortfall } from '../../lib/core/servers/shortfall.ts';
import { Alert } from '../ui/alert.tsx';

/** What servers are not held to where they run, each with its mend. */
export function Shortfalls({ shortfalls }: { shortfalls: Shortfall[] }) {
  const mends = [...new Set(shortfalls.map(({ mend }) => mend))];
  const open = shortfalls.some(({ lacks }) => lacks === 'sandbox');
  return (
    <Alert tone={open ? 'bad' : 'warn'} title={open ? 'There is no sandbox for servers here' : 'Servers are not held to all of their limits here'}>
      {mends.map((mend) => (
        <div key={mend} className="not-first:mt-3">
          <ul className="grid list-disc gap-1 pl-5">
            {shortfalls.filter((each) => each.mend === mend).map(({ lacks }) => (
              <li key={lacks}>{sayShortfall[lacks]}</li>
            ))}
          </ul>
          <p className="mt-1 wrap-anywhere text-ink">
            <span className="font-medium">The mend:</span> {mend}
          </p>
        </div>
      ))}
    </Alert>
  );
}
