import { Button } from '../ui/button.tsx';
import { Input } from '../ui/input.tsx';

/** Finds people by a part of their name or address; works without scripts. */
export function PeopleSearch({ text }: { text: string }) {
  return (
    <form role="search" className="mb-6 flex max-w-md gap-2">
      <Input type="search" name="q" defaultValue={text} placeholder="Name or e-mail" aria-label="Name or e-mail" />
      <Button type="submit">Find</Button>
    </form>
  );
}
