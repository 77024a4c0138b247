// What the operator asked of the API server, by the API server's own audit log. Needs a cluster of localkube's.

import { readFile } from 'node:fs/promises';

import { kubectl } from './commands.ts';
import { settings } from './settings.ts';

/** The operator's ServiceAccount, and its Role. */
export const account = `${settings.release}-operator`;

/** A line of the log, as far as it matters here. */
interface Line {
  verb: string;
  user: { uid: string; extra?: Record<string, string[]> };
  objectRef?: { apiGroup?: string; resource: string; subresource?: string };
  responseStatus?: { code: number };
  requestReceivedTimestamp: string;
}

export interface Request {
  /** Milliseconds of the API server's clock, when the request came. */
  time: number;
  /** The operator's pod. */
  pod: string;
  group: string;
  /** With its subresource: `chatservers/status`. */
  resource: string;
  verb: string;
  code: number | undefined;
}

/** The requests of this installation's operators, in the order in which they came, but for those about no resource. */
export async function requests(): Promise<Request[]> {
  if (settings.auditLog === undefined) throw new Error('there is no audit log');
  const uid = await kubectl('get', `serviceaccount/${account}`, '--output=jsonpath={.metadata.uid}');
  const lines = (await readFile(settings.auditLog, 'utf8')).split('\n').filter((line) => line.includes(uid));
  return lines
    .map((line) => JSON.parse(line) as Line)
    .flatMap(({ verb, user, objectRef, responseStatus, requestReceivedTimestamp }) => {
      if (user.uid !== uid || objectRef === undefined) return [];
      const { apiGroup: group = '', resource, subresource } = objectRef;
      return [
        {
          time: Date.parse(requestReceivedTimestamp),
          pod: user.extra?.['authentication.kubernetes.io/pod-name']?.[0] ?? '',
          group,
          resource: subresource === undefined ? resource : `${resource}/${subresource}`,
          verb,
          code: responseStatus?.code,
        },
      ];
    })
    .sort((one, other) => one.time - other.time);
}

/** Whether a request changed something that two must not change at the same time. The Lease sees to itself. */
export function wrote({ verb, resource, code = 0 }: Request): boolean {
  return !['get', 'list', 'watch'].includes(verb) && resource !== 'leases' && code < 300;
}

/** The pods that wrote since then, each as often as it came after another one. */
export async function writers(since: number): Promise<string[]> {
  const pods = (await requests())
    .filter((request) => request.time >= since && wrote(request))
    .map(({ pod }) => pod);
  return pods.filter((pod, index) => pod !== pods[index - 1]);
}
