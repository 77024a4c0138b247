// A Redis of its own for the tests of one worker.

import { freePort, Program } from './process';

/** Someone else may take the port between its choice and its use. */
const TRIES = 5;

export interface Redis {
  readonly url: string;
  /** It takes connections and answers nothing, until `resume`. */
  pause(): void;
  resume(): void;
  end(): Promise<void>;
}

export async function startRedis(): Promise<Redis> {
  for (let tries = 1; ; tries += 1) {
    const port = await freePort();
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    try {
      const { program } = await Program.started('redis-server', args, [/(Ready to accept connections)/]);
      return {
        url: `redis://127.0.0.1:${port}/0`,
        pause: () => {
          program.signal('SIGSTOP');
        },
        resume: () => {
          program.signal('SIGCONT');
        },
        // Also ends one that is paused.
        end: () => program.kill(),
      };
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}
