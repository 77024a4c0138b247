// A custom metrics API (custom.metrics.k8s.io): tells autoscalers of connections that there are none of.

import { execa } from 'execa';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';

import { apply, kubectl } from './commands.ts';
import { settings } from './settings.ts';
import { upstream } from './upstream.ts';

const group = 'custom.metrics.k8s.io';
const version = 'v1beta2';
const name = 'metrics-stand-in';

/** The metric of pods that it has. */
export const metric = 'connections';

/** The pods that somebody asks for, and what they have. */
export type Values = () => Promise<Map<string, number>>;

export class MetricsApi {
  /** When somebody asked. */
  readonly looks: number[] = [];

  private constructor(private readonly server: Server) {}

  /** Opens one that says `values` of pods, and has the API server ask it. */
  static async open(values: Values): Promise<MetricsApi> {
    const { host } = await upstream();
    const server = createServer(await certificate(host), (from, to) => {
      const isList = from.url?.includes('/pods/') ?? false;
      if (isList) api.looks.push(Date.now());
      answer(isList, values).then(
        (object) => to.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(object)),
        (error: unknown) => to.writeHead(500).end(String(error)),
      );
    });
    server.listen(0, host);
    await once(server, 'listening');
    const api = new MetricsApi(server);
    await register(host, (server.address() as AddressInfo).port);
    return api;
  }

  async close(): Promise<void> {
    await kubectl('delete', `apiservice/${version}.${group}`, '--ignore-not-found');
    await kubectl('delete', `service/${name}`, `endpointslice/${name}`, '--ignore-not-found');
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }
}

/** The API server does not look at it, but speaks nothing but TLS. */
async function certificate(host: string): Promise<{ key: string; cert: string }> {
  const { stdout } = await execa('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1'],
    ...['-subj', `/CN=${host}`, '-keyout', '-', '-out', '-'],
  ]);
  return { key: stdout, cert: stdout };
}

async function register(host: string, port: number): Promise<void> {
  const { namespace } = settings;
  await apply({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports: [{ port: 443 }] } });
  await apply({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ port }],
    endpoints: [{ addresses: [host], conditions: { ready: true } }],
  });
  await apply({
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `${version}.${group}` },
    spec: {
      service: { name, namespace },
      group,
      version,
      insecureSkipTLSVerify: true,
      groupPriorityMinimum: 100,
      versionPriority: 100,
    },
  });
  await kubectl('wait', '--for=condition=Available', `apiservice/${version}.${group}`, '--timeout=60s');
}

async function answer(isList: boolean, values: Values): Promise<object> {
  const groupVersion = `${group}/${version}`;
  if (!isList) {
    const resource = { name: `pods/${metric}`, singularName: '', namespaced: true, verbs: ['get'] };
    return {
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion,
      resources: [{ ...resource, kind: 'MetricValueList' }],
    };
  }
  const timestamp = new Date().toISOString().replace(/\.\d+/, '');
  const items = [...(await values())].map(([pod, value]) => ({
    describedObject: { kind: 'Pod', namespace: settings.namespace, name: pod, apiVersion: '/v1' },
    metric: { name: metric, selector: null },
    timestamp,
    value: `${Math.round(value * 1000)}m`,
  }));
  return { kind: 'MetricValueList', apiVersion: groupVersion, metadata: {}, items };
}
