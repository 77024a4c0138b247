// Keeps what it sees, with the time, until it is closed.

import type { Api, Sighting } from './api.ts';
import type { Deployment } from './objects.ts';

export class Recorder<T> {
  readonly sightings: Sighting<T>[] = [];
  private readonly stop = new AbortController();
  private readonly done: Promise<void>;

  private constructor(see: (signal: AbortSignal) => AsyncIterable<Sighting<T>>) {
    this.done = this.keep(see(this.stop.signal));
    // A failure is told when the recorder is closed.
    this.done.catch(() => undefined);
  }

  /** Each state of the Deployment, or of another one, at the time it was told. */
  static deployment(api: Api, name?: string): Recorder<Deployment> {
    return new Recorder((signal) => api.watchDeployment(signal, name));
  }

  /** What `look` finds, as often as it can, at the time that it began to look. */
  static looking<T>(look: () => Promise<T>): Recorder<T> {
    return new Recorder(async function* (signal) {
      while (!signal.aborted) {
        const time = Date.now();
        yield { time, object: await look() };
      }
    });
  }

  async close(): Promise<void> {
    this.stop.abort();
    await this.done;
  }

  private async keep(seen: AsyncIterable<Sighting<T>>): Promise<void> {
    for await (const sighting of seen) this.sightings.push(sighting);
  }
}
