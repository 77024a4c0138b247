// An API server that fails every now and then: a proxy between the operator and the real one.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';

import { upstream, type Upstream } from './upstream.ts';

/** What happens to a request that is not passed on. */
const faults = ['answered 500', 'answered 429', 'never answered'] as const;

/** Numbers in 0..1 that are the same in each run (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class UnreliableApi {
  /** What became of the requests, each with how often. */
  readonly outcomes = new Map<string, number>();

  private constructor(
    private readonly server: Server,
    /** Where pods reach it. */
    readonly url: string,
  ) {}

  /** Opens a proxy that fails this share of requests. It listens where the API server does, which pods can reach. */
  static async open(share: number): Promise<UnreliableApi> {
    const api = await upstream();
    const next = chance(1);
    const server = createServer((from, to) => {
      const fault = next() < share ? faults[Math.floor(next() * faults.length)] : undefined;
      unreliable.outcomes.set(fault ?? 'passed on', (unreliable.outcomes.get(fault ?? 'passed on') ?? 0) + 1);
      if (fault === undefined) passOn(api, from, to);
      else fail(fault, to);
    });
    server.listen(0, api.host);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const unreliable = new UnreliableApi(server, `http://${api.host}:${port}`);
    return unreliable;
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }
}

/** With the token of whoever asks, so that it may do here what it may do there. */
function passOn({ host, port, ca }: Upstream, from: IncomingMessage, to: ServerResponse): void {
  const { method, url: path, headers } = from;
  const onwards = request({ host, port, ca, method, path, headers: { ...headers, host } }, (answer) => {
    to.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(to);
  });
  onwards.on('error', () => to.destroy());
  to.on('close', () => onwards.destroy());
  from.pipe(onwards);
}

function fail(fault: (typeof faults)[number], to: ServerResponse): void {
  if (fault === 'never answered') return;
  const code = fault === 'answered 500' ? 500 : 429;
  const reason = code === 500 ? 'InternalError' : 'TooManyRequests';
  to.writeHead(code, { 'content-type': 'application/json', ...(code === 429 && { 'retry-after': '1' }) });
  to.end(
    JSON.stringify({
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      message: 'made to fail',
      reason,
      code,
    }),
  );
}
