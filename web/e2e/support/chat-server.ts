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
  /** Over how long a server that is told to end sends its sessions away. */
  readonly drainSeconds?: number;
  /** How many messages a room keeps; else the server's own default. */
  readonly history?: number;
  /** As `--rate` takes them; else those of people, which someone who says much at once is above. */
  readonly rates?: string;
  /** As `--listen` takes it; else a free port. */
  readonly listen?: string;
}

export async function startChatServer({
  nameApi,
  redisUrl,
  drainSeconds = 30,
  history,
  rates,
  listen = '127.0.0.1:0',
}: ChatServerOptions): Promise<ChatServer> {
  const engine =
    redisUrl === undefined ? ['--engine', 'memory'] : ['--engine', 'redis', '--redis-url', redisUrl];
  const { program, found } = await Program.started(
    BINARY,
    [
      ...['--listen', listen, '--private-listen', '127.0.0.1:0'],
      ...['--web', `${repository}web/dist`, '--name-api', nameApi],
      ...['--drain-seconds', String(drainSeconds)],
      ...(history === undefined ? [] : ['--history', String(history)]),
      ...(rates === undefined ? [] : ['--rate', rates]),
      ...engine,
    ],
    [/^hubbub: chat at (http:\S+)$/m, /^hubbub: metrics at (http:\S+)$/m],
  );
  const url = found[0] ?? '';
  return { url, port: Number(new URL(url).port), program };
}
