// Who moved to another server, and whether anybody noticed: scripts/decisions copies it into docs/scaling.md.

import { existsSync } from 'node:fs';
import { appendFile, mkdir } from 'node:fs/promises';

import type { Report } from './load.ts';
import { settings } from './settings.ts';

const head = ['those who chat during', 'moved', 'forced', 'longest time out of a room'];

/** Adds a row in Markdown: why people had to move, how often they did, how often they were cut, and the longest gap. */
export async function keepMoves(why: string, reports: Report[]): Promise<void> {
  const sum = (of: (report: Report) => number): number =>
    reports.reduce((all, report) => all + of(report), 0);
  const gap = Math.max(...reports.map(({ longestGapMs }) => longestGapMs));
  const row = [why, sum(({ reconnects }) => reconnects), sum(({ cut }) => cut), `${gap.toFixed(0)} ms`];
  const file = `${settings.results}/moves.md`;
  const rows = existsSync(file) ? [row] : [head, head.map(() => '---'), row];
  await mkdir(settings.results, { recursive: true });
  await appendFile(file, rows.map((cells) => `| ${cells.join(' | ')} |\n`).join(''));
}
