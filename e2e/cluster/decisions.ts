// What the operator decided, as people read it: scripts/decisions copies it into docs/operations.md.

import { mkdir, writeFile } from 'node:fs/promises';

import type { Decision } from './objects.ts';
import { settings } from './settings.ts';

/** A table in Markdown. Times are seconds since the first decision. */
export function table(decisions: Decision[]): string {
  const begin = Date.parse(decisions[0]?.time ?? '');
  const rows = decisions.map(({ time, from, to, saw, reason, limitedBy = '' }) => [
    `${Math.round((Date.parse(time) - begin) / 1000)} s`,
    `${from} to ${to}`,
    saw.connections ?? 'nobody answered',
    `${saw.ready} ready, ${saw.draining} draining`,
    reason,
    limitedBy,
  ]);
  const head = ['after', 'servers', 'connections', 'seen', 'reason', 'held by'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

export async function keepDecisions(decisions: Decision[]): Promise<void> {
  await mkdir(settings.results, { recursive: true });
  await writeFile(`${settings.results}/decisions.md`, table(decisions));
}
