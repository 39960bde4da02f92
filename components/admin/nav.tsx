import { ButtonLink } from '../ui/button.tsx';

const places = [
  { id: 'servers', href: '/admin', label: 'Servers' },
  { id: 'people', href: '/admin/people', label: 'People' },
] as const;

export function AdminNav({ here }: { here: (typeof places)[number]['id'] }) {
  return (
    <nav aria-label="Admin" className="flex gap-2">
      {places.map(({ id, href, label }) => (
        <ButtonLink key={id} href={href} size="sm" variant={id === here ? 'primary' : 'secondary'} aria-current={id === here ? 'page' : undefined}>
          {label}
        </ButtonLink>
      ))}
    </nav>
  );
}
