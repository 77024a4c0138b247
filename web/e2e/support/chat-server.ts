// The real server, with the page as `npm run build` made it.

import { fileURLToPath } from 'node:url';

import { Program } from './process';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const BINARY = process.env.HUBBUB_CHAT_SERVER ?? `${repository}target/debug/chat-server`;

export interface ChatServer {
  /** Where the page is. */
  readonly url: string;
  readonly port: number;
  readonly program: Program;
}

export interface ChatServerOptions {
  readonly nameApi: string;
  /** Without it, the memory engine. */
  readonly redisUrl?: string;
  /** As `--listen` takes it; else a free port. */
  readonly listen?: string;
}

export async function startChatServer({ nameApi, redisUrl, listen }: ChatServerOptions): Promise<ChatServer> {
  const engine =
    redisUrl === undefined ? ['--engine', 'memory'] : ['--engine', 'redis', '--redis-url', redisUrl];
  const { program, found } = await Program.started(
    BINARY,
    [
      ...['--listen', listen ?? '127.0.0.1:0', '--private-listen', '127.0.0.1:0'],
      ...['--web', `${repository}web/dist`, '--name-api', nameApi],
      ...engine,
    ],
    [/^hubbub: chat at (http:\S+)$/m, /^hubbub: metrics at (http:\S+)$/m],
  );
  const url = found[0] ?? '';
  return { url, port: Number(new URL(url).port), program };
}
