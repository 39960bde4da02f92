/** Where a request of somebody who has not proved yet who they are comes from. */
export type Caller = {
  /** A household's or a machine's share of the network: see lib/web/address.ts. */
  network: string;
  /** This browser, by the id it was given when it signed in to the very account that is asked for. */
  browser?: string;
};
