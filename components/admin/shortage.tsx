import { sayShortage, type Shortage as Seen } from '../../lib/core/disk.ts';
import { Alert } from '../ui/alert.tsx';

/** The database's volume has too little room, or none. */
export const Shortage = ({ shortage }: { shortage: Seen }) => (
  <Alert tone={shortage.state === 'full' ? 'bad' : 'warn'} title={shortage.state === 'full' ? 'The disk is full' : 'The site is short of disk space'}>
    {sayShortage(shortage)}
  </Alert>
);
