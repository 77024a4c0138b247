// Starts real programs, waits until they say that they are ready, and ends them by their id.

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A program that says nothing for so long at its start will not say it any more. */
const START_MS = 20_000;

export class Program {
  #output = '';
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<unknown>;

  private constructor(
    readonly name: string,
    args: readonly string[],
  ) {
    this.#child = spawn(name, args);
    const collect = (data: Buffer): void => {
      this.#output += data.toString();
    };
    this.#child.stdout.on('data', collect);
    this.#child.stderr.on('data', collect);
    // Not once(): that would fail for a program that is not there, and `started` tells that better.
    this.#ended = new Promise((resolve) => {
      this.#child.on('close', resolve);
      this.#child.on('error', (error) => {
        this.#output += error.message;
        resolve(undefined);
      });
    });
  }

  /** Starts a program and waits until its output has a match for each of `ready`. */
  static async started(
    name: string,
    args: readonly string[],
    ready: readonly RegExp[],
  ): Promise<{ program: Program; found: string[] }> {
    const program = new Program(name, args);
    const found = await program.#says(ready);
    return { program, found };
  }

  /** For what does not end it: `SIGSTOP` holds it still, `SIGCONT` lets it go on. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends at once, as a machine that loses its power. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#child.kill(signal);
    await this.#ended;
  }

  async #says(patterns: readonly RegExp[]): Promise<string[]> {
    const deadline = Date.now() + START_MS;
    for (;;) {
      const matches = patterns.map((pattern) => pattern.exec(this.#output)?.[1]);
      if (matches.every((match) => match !== undefined)) return matches;
      if (this.#child.exitCode !== null || this.#child.pid === undefined || Date.now() > deadline) {
        await this.kill();
        throw new Error(`${this.name} did not start:\n${this.#output}`);
      }
      await Promise.race([
        once(this.#child.stdout, 'data'),
        this.#ended,
        new Promise((resolve) => setTimeout(resolve, deadline - Date.now())),
      ]);
    }
  }
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');
  return address.port;
}
