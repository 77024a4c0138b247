// Stands in for the Random User API: answers in its shape, and another one never does.

import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';

export interface NameApi {
  readonly url: string;
  end(): Promise<void>;
}

/** Every guest gets another name: Ada Tester1, Ada Tester2, … */
export function startNameApi(): Promise<NameApi> {
  let guests = 0;
  return start((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
    guests += 1;
    const name = { title: 'Ms', first: 'Ada', last: `Tester${guests}` };
    // The real API tells more than the name unless it is asked for no more.
    const isShort = searchParams.get('inc') === 'name' && searchParams.has('noinfo');
    const answer = isShort
      ? { results: [{ name }] }
      : { results: [{ gender: 'female', name }], info: { seed: '1', results: 1, page: 1, version: '1.4' } };
    response.writeHead(200, { 'content-type': 'application/json', 'access-control-allow-origin': '*' });
    response.end(JSON.stringify(answer));
  });
}

/** Takes the question and never answers. */
export function startHangingNameApi(): Promise<NameApi> {
  return start(() => undefined);
}

async function start(answer: RequestListener): Promise<NameApi> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');
  return {
    url: `http://127.0.0.1:${address.port}/api/`,
    end: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
