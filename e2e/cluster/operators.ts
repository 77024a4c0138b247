// The operators: which there are, which of them acts, and their end.

import type { Api } from './api.ts';
import { kubectl } from './commands.ts';
import { settings } from './settings.ts';

const selector = `app.kubernetes.io/name=hubbub-operator,app.kubernetes.io/instance=${settings.release}`;

/** The names of the operators' pods that run. */
export async function operators(): Promise<string[]> {
  const names = await kubectl(
    'get',
    'pods',
    `--selector=${selector}`,
    '--field-selector=status.phase=Running',
    '--output=jsonpath={.items[*].metadata.name}',
  );
  return names.split(' ').filter((name) => name !== '');
}

/** The pod of the operator that has the Lease; empty when none has it. */
export function leader(): Promise<string> {
  return kubectl(
    'get',
    'lease/hubbub-operator',
    '--ignore-not-found',
    '--output=jsonpath={.spec.holderIdentity}',
  );
}

/** A figure of an operator's metrics; undefined when it does not answer. */
export function operatorFigure(api: Api, operator: string, name: string): Promise<number | undefined> {
  return api.figure(operator, `hubbub_operator_${name}`, 9091);
}

/** Ends an operator as the loss of its node does: at once, and without a chance to give back the Lease. */
export async function kill(operator: string): Promise<void> {
  await kubectl('delete', `pod/${operator}`, '--grace-period=0', '--force');
}

/** How many operators there are to be; waits until they run. */
export async function runOperators(count: number): Promise<void> {
  const deployment = `deployment/${settings.release}-operator`;
  await kubectl('scale', deployment, `--replicas=${count}`);
  await kubectl('rollout', 'status', deployment, '--timeout=120s');
}
