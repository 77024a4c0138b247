// What the tests ask of a release that is installed, in their own words.

import { expect } from '@playwright/test';

import type { Api } from './api.ts';
import { kubectl } from './commands.ts';
import { isReady, type ChatServer, type Condition } from './objects.ts';
import { settings } from './settings.ts';

export interface Size {
  desired: number;
  ready: number;
  /** Pods that are there, those that go included. */
  pods: number;
}

export class Cluster {
  constructor(readonly api: Api) {}

  async size(): Promise<Size> {
    const [deployment, pods] = await Promise.all([this.api.deployment(), this.api.pods()]);
    return { desired: deployment.spec.replicas, ready: pods.filter(isReady).length, pods: pods.length };
  }

  /** Waits until there are `servers`, all ready, and none that goes. */
  async settles(servers: number, timeout = 180_000): Promise<void> {
    await expect
      .poll(() => this.size(), { message: `${servers} servers`, timeout })
      .toEqual({ desired: servers, ready: servers, pods: servers });
  }

  async readyPods(): Promise<string[]> {
    return (await this.api.pods()).filter(isReady).map(({ metadata }) => metadata.name);
  }

  /** Sessions by pod, of those that are ready. A pod that does not answer is left out. */
  async sessions(): Promise<Map<string, number>> {
    const counted = await Promise.all(
      (await this.readyPods()).map(async (pod) => [pod, await this.api.sessions(pod)] as const),
    );
    return new Map(counted.filter((entry): entry is [string, number] => entry[1] !== undefined));
  }

  /** The sessions of all pods that are ready; undefined while one of them does not answer. */
  async allSessions(): Promise<number | undefined> {
    const [ready, sessions] = await Promise.all([this.readyPods(), this.sessions()]);
    return ready.every((pod) => sessions.has(pod)) ? total(sessions) : undefined;
  }

  async condition(type: string, name: string = settings.release): Promise<Condition | undefined> {
    const { status } = await this.api.chatServer(name);
    return status?.conditions?.find((condition) => condition.type === type);
  }

  async status(): Promise<NonNullable<ChatServer['status']>> {
    const { status } = await this.api.chatServer();
    if (status === undefined) throw new Error('the ChatServer has no status yet');
    return status;
  }

  /** The servers that get no sessions and keep those that they have. */
  async held(): Promise<string[]> {
    const held = (await this.api.pods()).filter(
      ({ metadata }) => metadata.labels?.['hubbub.dev/sessions'] === 'hold',
    );
    return held.map(({ metadata }) => metadata.name);
  }

  /** How many servers somebody is on. */
  async serversInUse(): Promise<number> {
    return [...(await this.sessions()).values()].filter((sessions) => sessions > 0).length;
  }

  /** Fixes the size with `kubectl scale`. */
  async pin(servers: number): Promise<void> {
    await kubectl('scale', `chatserver/${settings.release}`, `--replicas=${servers}`);
  }

  /** Hands the size back to the operator. */
  async unpin(): Promise<void> {
    await this.patch([{ op: 'remove', path: '/spec/replicas' }]);
  }

  async patch(
    operations: { op: 'add' | 'replace' | 'remove'; path: string; value?: unknown }[],
  ): Promise<void> {
    const name = `chatserver/${settings.release}`;
    await kubectl('patch', name, '--type=json', '--patch', JSON.stringify(operations));
  }
}

/** The sum of a map's figures. */
export function total(sessions: Map<string, number>): number {
  return [...sessions.values()].reduce((sum, count) => sum + count, 0);
}
