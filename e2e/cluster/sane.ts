// What is held against every fault: chat goes on, and the size stays between its bounds.

import { expect } from '@playwright/test';

import type { Cluster } from './cluster.ts';
import { total } from './cluster.ts';
import { stopAll, type Load, type LoadOptions, type Report } from './load.ts';
import type { Deployment } from './objects.ts';
import { Recorder } from './recorder.ts';

/** People who chat in rooms of their own, and each size that the Deployment has meanwhile. */
export class Watch {
  private constructor(
    private readonly stays: Load[],
    private readonly sizes: Recorder<Deployment>,
  ) {}

  /** Begins with `people`, one a room, and returns when all of them are there. */
  static async begin(
    cluster: Cluster,
    startLoad: (options: LoadOptions) => Load,
    people = 4,
  ): Promise<Watch> {
    const sizes = Recorder.deployment(cluster.api);
    const room = `watch-${Date.now()}`;
    const stays = Array.from({ length: people }, (_, index) =>
      startLoad({ connections: 1, rate: 5, room: `${room}-${index}` }),
    );
    await expect
      .poll(async () => total(await cluster.sessions()), { message: 'people who chat' })
      .toBeGreaterThanOrEqual(people);
    return new Watch(stays, sizes);
  }

  /** The sizes that the Deployment had so far, one after the other. */
  sizesSeen(): number[] {
    const all = this.sizes.sightings.map(({ object }) => object.spec.replicas);
    return all.filter((size, index) => size !== all[index - 1]);
  }

  /** Ends it, and gives what each went through. Nobody lost anything, and no size was out of bounds. */
  async end({ min, max }: { min: number; max: number }): Promise<Report[]> {
    await this.sizes.close();
    const reports = await stopAll(this.stays);
    const sizes = this.sizesSeen();
    console.log(`  sizes on the way: ${sizes.join(' ')}`);
    expect(Math.min(...sizes), 'the smallest size').toBeGreaterThanOrEqual(min);
    expect(Math.max(...sizes), 'the largest size').toBeLessThanOrEqual(max);
    return reports;
  }
}
