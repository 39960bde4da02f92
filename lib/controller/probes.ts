import { createServer, type Server } from 'node:http';

/** Says to whoever looks after this program that it lives (/healthz) and that it may lead (/readyz). */
export function answerProbes(port: number, host: string, isReady: () => boolean): Server {
  const server = createServer(({ url }, response) => {
    const status = url === '/healthz' ? 200 : url === '/readyz' ? (isReady() ? 200 : 503) : 404;
    response.writeHead(status, { 'content-length': 0, connection: 'close' }).end();
  });
  server.unref();
  return server.listen(port, host);
}
