// `hubbub load` as a child process: connections that stay until they are told to stop, and then say what they saw.

import { once } from 'node:events';

import { expect } from '@playwright/test';
import { execa } from 'execa';

import { settings } from './settings.ts';

/** What `hubbub load --json` says at its end, as far as the tests look at it. */
export interface Report {
  sent: number;
  acknowledged: number;
  unacknowledged: number;
  lost: number;
  duplicated: number;
  misordered: number;
  reconnects: number;
  /** Those of `reconnects` whose connection ended before there was another one. */
  cut: number;
  /** Handshakes that were answered with 503. */
  refused: number;
  longestGapMs: number;
}

export interface LoadOptions {
  connections: number;
  /** Messages a second, of all connections together. */
  rate: number;
  room: string;
  /** Over so many rooms, which are called after `room`; else one. */
  rooms?: number;
  /** How many connections are opened a second; else 500. */
  ramp?: number;
}

export class Load {
  /** When it has said its first stage, or is over: a process that has just been started dies of a signal. */
  private readonly begun: Promise<unknown>;

  private constructor(private readonly child: ReturnType<typeof hubbub>) {
    this.begun = Promise.race([once(child.stderr, 'data'), once(child, 'exit')]);
  }

  /** Opens the connections, and sends until it is told to stop. */
  static start({ connections, rate, room, rooms = 1, ramp = 500 }: LoadOptions): Load {
    const flags = [
      `--server=${settings.ingress.origin}`,
      `--connections=${connections}`,
      `--rate=${rate}`,
      `--room=${room}`,
      `--rooms=${rooms}`,
      `--ramp=${ramp}`,
      '--hold',
      '--json',
      '--i-may-load-this-host',
    ];
    return new Load(hubbub(['load', ...flags]));
  }

  /** Ends the load, wherever it is. */
  async end(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.child;
  }

  /** Ends the load as Ctrl-C does and gives its report. */
  async stop(): Promise<Report> {
    await this.begun;
    this.child.kill('SIGINT');
    const { stdout, stderr, exitCode } = await this.child;
    try {
      return JSON.parse(stdout) as Report;
    } catch {
      throw new Error(
        `hubbub load ended with ${exitCode ?? 'a signal'} and no report:\n${stdout}\n${stderr}`,
      );
    }
  }
}

/** The command; that it fails is no exception. */
function hubbub(args: string[]) {
  return execa(settings.hubbub, args, { reject: false });
}

/** Ends loads, holds each to what is promised, and gives their reports. */
export async function stopAll(stays: Load[]): Promise<Report[]> {
  const reports = await Promise.all(stays.map((load) => load.stop()));
  for (const report of reports) expectNothingLost('one who stays', report);
  return reports;
}

/** Holds a load to what is promised to each client, and prints what `who` went through. */
export function expectNothingLost(who: string, report: Report): void {
  const { sent, acknowledged, unacknowledged, lost, duplicated, misordered } = report;
  const { reconnects, cut, longestGapMs } = report;
  console.log(
    `  ${who}: ${sent} sent, ${reconnects} reconnects, ${cut} of them cut, longest gap ${longestGapMs.toFixed(0)} ms`,
  );
  expect(acknowledged, who).toBeGreaterThan(0);
  expect({ unacknowledged, lost, duplicated, misordered }, who).toEqual({
    unacknowledged: 0,
    lost: 0,
    duplicated: 0,
    misordered: 0,
  });
}
