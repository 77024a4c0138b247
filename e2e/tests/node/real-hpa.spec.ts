import { execa } from 'execa';
import { mkdir, writeFile } from 'node:fs/promises';

import { apply, kubectl } from '../../cluster/commands.ts';
import { metric, MetricsApi } from '../../cluster/metrics-api.ts';
import { isReady, securityContext, type Pod } from '../../cluster/objects.ts';
import { Recorder } from '../../cluster/recorder.ts';
import { settings } from '../../cluster/settings.ts';
import { expect, test } from '../../cluster/test.ts';

const name = 'hpa';
const recording = `${settings.results}/hpa.csv`;

/** The settings of the model in simulator/src/recorded.rs. */
const target = 20;
const bounds = { minReplicas: 1, maxReplicas: 10 };
const scaleDownSeconds = 30;

/**
 * Connections, and from which second on: more than the HPA adds at once, a change within its tolerance, and two steps down
 * for which it waits, with a short peak between them. Each lasts for longer than the 15 s between two looks.
 */
const trace: [number, number][] = [
  [0, 20],
  [5, 175],
  [50, 188],
  [70, 55],
  [127, 75],
  [147, 35],
];
const seconds = 205;

function connections(second: number): number {
  return trace.findLast(([from]) => from <= second)?.[1] ?? target;
}

function deployment(): object {
  const container = {
    name,
    image: settings.images.redis,
    command: ['redis-server', '--save', ''],
    securityContext,
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [container],
          terminationGracePeriodSeconds: 0,
          automountServiceAccountToken: false,
        },
      },
    },
  };
}

function autoscaler(): object {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      ...bounds,
      metrics: [
        {
          type: 'Pods',
          pods: { metric: { name: metric }, target: { type: 'AverageValue', averageValue: String(target) } },
        },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: scaleDownSeconds } },
    },
  };
}

test('the model of the HPA in the simulator does what the real one does', async ({ cluster }) => {
  // Of the trace; its first connections are there before.
  let begin: number | undefined;
  const pods = async (): Promise<Pod[]> => (await cluster.api.pods(`app=${name}`)).filter(isReady);
  const api = await MetricsApi.open(async () => {
    const now = begin === undefined ? 0 : (Date.now() - begin) / 1000;
    const ready = await pods();
    return new Map(ready.map(({ metadata }) => [metadata.name, connections(now) / ready.length]));
  });
  try {
    await apply(deployment());
    await kubectl('rollout', 'status', `deployment/${name}`, '--timeout=60s');
    const sizes = Recorder.deployment(cluster.api, name);
    await apply(autoscaler());
    await expect.poll(() => api.looks.length, { message: 'looks of the HPA' }).toBeGreaterThan(0);
    // Its model looks for the first time so long after the beginning.
    const first = (begin = (api.looks.at(-1) ?? 0) - 1500);
    await expect
      .poll(() => Date.now() - first, { message: 'the trace', timeout: (seconds + 60) * 1000 })
      .toBeGreaterThan(seconds * 1000);
    await sizes.close();
    const size = (second: number): number | undefined =>
      sizes.sightings.findLast(({ time }) => time <= first + second * 1000)?.object.spec.replicas;
    const rows = Array.from({ length: seconds }, (_, second) => [second, connections(second), size(second)]);
    await mkdir(settings.results, { recursive: true });
    await writeFile(
      recording,
      ['seconds,connections,servers', ...rows].map((row) => `${String(row)}\n`).join(''),
    );
  } finally {
    await kubectl('delete', `hpa/${name}`, `deployment/${name}`, '--ignore-not-found');
    await api.close();
  }
  const { stdout } = await execa(
    'cargo',
    ['run', '--quiet', '-p', 'hubbub-simulator', '--example', 'recorded-hpa', recording],
    {
      cwd: new URL('../../..', import.meta.url).pathname,
    },
  );
  console.log(stdout);
});
