import { Alert } from '../ui/alert.tsx';

/** In place of the form, where the browser keeps cookies that it should refuse. */
export const EngineRefused = () => (
  <Alert tone="bad" live title="You cannot sign in with this browser">
    It lets code in a notebook set cookies of this site, so that a stranger could sign you in to an account of theirs, and you would work in it without knowing. WebKitGTK, which GNOME
    Web is made of, does so in version 2.50. Use Firefox, Chrome or Edge, or a version in which this is mended.
  </Alert>
);
