// Reads the cluster through one `kubectl proxy`: cheap enough to look many times a second.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import type { ChatServer, Deployment, Event, List, Pod } from './objects.ts';
import { settings } from './settings.ts';

const { namespace, release } = settings;
const chatServers = `app.kubernetes.io/name=hubbub-chat-server,app.kubernetes.io/instance=${release}`;

/** What was seen of an object, and when. */
export interface Sighting<T> {
  /** Milliseconds of this machine's clock. */
  time: number;
  object: T;
}

export class Api {
  private constructor(
    private readonly proxy: ChildProcess,
    private readonly url: string,
  ) {}

  static async open(): Promise<Api> {
    const proxy = spawn('kubectl', ['proxy', '--port=0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface(proxy.stdout), 'line')) as [string];
    const port = /:(\d+)$/.exec(line)?.[1];
    if (port === undefined) throw new Error(`kubectl proxy said ${line}`);
    return new Api(proxy, `http://127.0.0.1:${port}`);
  }

  async close(): Promise<void> {
    const ended = once(this.proxy, 'exit');
    this.proxy.kill();
    await ended;
  }

  private async text(path: string): Promise<string> {
    const response = await fetch(this.url + path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.text();
  }

  private async read<T>(path: string): Promise<T> {
    return JSON.parse(await this.text(path)) as T;
  }

  chatServer(name: string = release): Promise<ChatServer> {
    return this.read(`/apis/hubbub.dev/v1alpha1/namespaces/${namespace}/chatservers/${name}`);
  }

  deployment(): Promise<Deployment> {
    return this.read(`/apis/apps/v1/namespaces/${namespace}/deployments/${release}`);
  }

  /** The chat-servers' pods, or those with these labels; those that go included. */
  async pods(labels: string = chatServers): Promise<Pod[]> {
    const selected = `pods?labelSelector=${labels}`;
    const { items } = await this.read<List<Pod>>(`/api/v1/namespaces/${namespace}/${selected}`);
    return items;
  }

  /** The events about the ChatServer. */
  async events(): Promise<Event[]> {
    const { items } = await this.read<List<Event>>(`/apis/events.k8s.io/v1/namespaces/${namespace}/events`);
    return items.filter(({ regarding }) => regarding?.kind === 'ChatServer' && regarding.name === release);
  }

  /** A figure of a pod's metrics, which chat-servers have at this port; undefined when it does not answer. */
  async figure(pod: string, name: string, port = 9090): Promise<number | undefined> {
    try {
      const metrics = await this.text(`/api/v1/namespaces/${namespace}/pods/${pod}:${port}/proxy/metrics`);
      const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1];
      return value === undefined ? undefined : Number(value);
    } catch {
      return undefined;
    }
  }

  /** The sessions that a pod says it has; undefined when it does not answer. */
  sessions(pod: string): Promise<number | undefined> {
    return this.figure(pod, 'hubbub_connections');
  }

  /** Each state of a Deployment from now on, until `signal`. */
  async *watchDeployment(signal: AbortSignal, name: string = release): AsyncGenerator<Sighting<Deployment>> {
    const collection = `/apis/apps/v1/namespaces/${namespace}/deployments?fieldSelector=metadata.name=${name}`;
    const response = await fetch(`${this.url}${collection}&watch=true`, { signal });
    if (response.body === null) return;
    const decoder = new TextDecoder();
    let rest = '';
    try {
      for await (const bytes of response.body) {
        const time = Date.now();
        const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) yield { time, object: (JSON.parse(line) as { object: Deployment }).object };
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
