// Who moved to another server, and whether anybody noticed: scripts/decisions copies it into docs/scaling.md.

import { appendFile, mkdir } from 'node:fs/promises';

import type { Report } from './load.ts';
import { settings } from './settings.ts';

/** Adds a row in Markdown: why people had to move, how often they did, how often they were cut, and the longest gap. */
export async function keepMoves(why: string, reports: Report[]): Promise<void> {
  const sum = (of: (report: Report) => number): number =>
    reports.reduce((all, report) => all + of(report), 0);
  const gap = Math.max(...reports.map(({ longestGapMs }) => longestGapMs));
  const row = [why, sum(({ reconnects }) => reconnects), sum(({ cut }) => cut), `${gap.toFixed(0)} ms`];
  await mkdir(settings.results, { recursive: true });
  await appendFile(`${settings.results}/moves.md`, `| ${row.join(' | ')} |\n`);
}
