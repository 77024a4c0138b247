// What the operator may do, and what of it it did.

import { account, requests } from './audit.ts';
import { kubectl } from './commands.ts';

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

/** A right in one line: `apps deployments patch`. */
function right(group: string, resource: string, verb: string): string {
  return `${group === '' ? 'core' : group} ${resource} ${verb}`;
}

/** Every right that the operator's Role gives. */
export async function granted(): Promise<string[]> {
  const role = JSON.parse(await kubectl('get', `role/${account}`, '--output=json')) as { rules: Rule[] };
  return role.rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => right(group, resource, verb))),
    ),
  );
}

/** The rights that the operators used in this run, each with how often, and those that they were refused. */
export async function used(): Promise<{ allowed: Map<string, number>; refused: Set<string> }> {
  const allowed = new Map<string, number>();
  const refused = new Set<string>();
  for (const { group, resource, verb, code } of await requests()) {
    // An apply of what was not there needs the right to create it as well, and is answered 201.
    const verbs = verb === 'patch' && code === 201 ? [verb, 'create'] : [verb];
    for (const asked of verbs.map((each) => right(group, resource, each))) {
      if (code === 403) refused.add(asked);
      else allowed.set(asked, (allowed.get(asked) ?? 0) + 1);
    }
  }
  return { allowed, refused };
}
