// Everything there is, to be compared with everything there was.

import { mkdir, readFile, writeFile } from 'node:fs/promises';

import { kubectl } from './commands.ts';
import { settings } from './settings.ts';

const file = `${settings.results}/inventory-before-the-install.json`;

/** "kind/name" of all objects in the namespace but events, and of those outside of namespaces that are Hubbub's. */
export async function inventory(): Promise<string[]> {
  const kinds = (await kubectl('api-resources', '--namespaced', '--verbs=list', '--output=name'))
    .split('\n')
    .filter((kind) => kind !== '' && !/^events(\.|$)|\.metrics\.k8s\.io$/.test(kind));
  const inside = await kubectl('get', kinds.join(','), '--ignore-not-found', '--output=name');
  const outside = await kubectl(
    'get',
    'clusterroles,clusterrolebindings,persistentvolumes',
    '--selector=app.kubernetes.io/part-of=hubbub',
    '--ignore-not-found',
    '--output=name',
  );
  return [...inside.split('\n'), ...outside.split('\n')].filter((name) => name !== '').sort();
}

export async function keepInventory(): Promise<void> {
  await mkdir(settings.results, { recursive: true });
  await writeFile(file, JSON.stringify(await inventory()));
}

export async function keptInventory(): Promise<string[]> {
  return JSON.parse(await readFile(file, 'utf8')) as string[];
}
