// The commands that a user would type, as child processes.

import { execa } from 'execa';

import { settings } from './settings.ts';

const chart = new URL('../../charts/hubbub', import.meta.url).pathname;
const values = new URL('values.yaml', import.meta.url).pathname;

export interface Outcome {
  ok: boolean;
  /** Both streams, as a user sees them. */
  said: string;
}

async function run(program: string, args: string[], input = ''): Promise<Outcome> {
  const { failed, all } = await execa(program, args, { all: true, reject: false, input });
  return { ok: !failed, said: all };
}

/** Fails with what the command said when it failed. */
async function must(program: string, args: string[], input = ''): Promise<string> {
  const { ok, said } = await run(program, args, input);
  if (!ok) throw new Error(`${program} ${args.join(' ')}\n${said}`);
  return said;
}

const namespaced = ['--namespace', settings.namespace];

/** `kubectl` in the namespace of the tests. */
export function kubectl(...args: string[]): Promise<string> {
  return must('kubectl', [...namespaced, ...args]);
}

/** `kubectl` that may fail. */
export function tryKubectl(...args: string[]): Promise<Outcome> {
  return run('kubectl', [...namespaced, ...args]);
}

/** `kubectl apply` of one object, which may be refused. */
export function tryApply(object: object): Promise<Outcome> {
  return run('kubectl', [...namespaced, 'apply', '--filename', '-'], JSON.stringify(object));
}

/** `kubectl apply` of one object. */
export function apply(object: object): Promise<string> {
  return must('kubectl', [...namespaced, 'apply', '--filename', '-'], JSON.stringify(object));
}

/** Asks for the end of a pod as `kubectl drain` does. A PodDisruptionBudget may refuse it. */
export function evict(pod: string): Promise<string> {
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod } };
  const path = `/api/v1/namespaces/${settings.namespace}/pods/${pod}/eviction`;
  return must('kubectl', ['create', '--raw', path, '--filename', '-'], JSON.stringify(eviction));
}

export function helm(...args: string[]): Promise<string> {
  return must('helm', [...namespaced, ...args]);
}

function chartArguments(set: string[]): string[] {
  const { chatServer, operator, tag, redis } = settings.images;
  return [settings.release, chart, '--values', values, '--set-string', `image.tag=${tag}`].concat(
    [`image.chatServer=${chatServer}`, `image.operator=${operator}`, `image.redis=${redis}`, ...set].flatMap(
      (setting) => ['--set', setting],
    ),
  );
}

/** `helm install` of the chart with the values of the tests and `set`; returns when Helm's own objects are ready. */
export function tryInstall(...set: string[]): Promise<Outcome> {
  return run('helm', [...namespaced, 'install', ...chartArguments(set), '--wait', '--timeout=120s']);
}

export function upgrade(...set: string[]): Promise<string> {
  return helm('upgrade', ...chartArguments(set), '--wait', '--timeout=120s');
}
