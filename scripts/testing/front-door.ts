import { get } from 'node:http';

/**
 * The status of a GET through the front door of the site on this loopback port; undefined when nothing answers. Node need not
 * resolve *.localhost, and its `fetch` takes no Host of ours.
 */
export const statusThroughFrontDoor = (port: number, path: string): Promise<number | undefined> =>
  new Promise((resolve) => {
    const asking = get({ host: '127.0.0.1', port, path, headers: { host: `lectern.localhost:${port}` }, agent: false, timeout: 5_000 }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asking.on('timeout', () => asking.destroy()).on('error', () => resolve(undefined));
  });
