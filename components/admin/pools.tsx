import type { ServerOverview } from '../../lib/core/admin/overview.ts';
import { Table, Td, Th } from '../ui/table.tsx';

const columns = { Waiting: ['requested'], Starting: ['warming', 'starting'], Warm: ['warm'], Running: ['running'] } as const satisfies Record<string, ServerOverview['state'][]>;
const shown = Object.keys(columns) as (keyof typeof columns)[];

type Props = { profiles: ReadonlyMap<string, string>; servers: ServerOverview[] };

/** How each profile stands. */
export function Pools({ profiles, servers }: Props) {
  const count = (profile: string, states: readonly ServerOverview['state'][]) => servers.filter((server) => server.profile === profile && states.includes(server.state)).length;
  return (
    <section aria-labelledby="profiles">
      <h2 id="profiles" className="mb-3 text-xl">
        Profiles
      </h2>
      <Table label="Servers by profile">
        <thead>
          <tr>
            <Th>Profile</Th>
            {shown.map((name) => (
              <Th key={name}>{name}</Th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...profiles].map(([name, title]) => (
            <tr key={name}>
              <Td>{title}</Td>
              {shown.map((column) => (
                <Td key={column} className="tabular-nums">
                  {count(name, columns[column])}
                </Td>
              ))}
            </tr>
          ))}
        </tbody>
      </Table>
    </section>
  );
}
