// Scrolls back to where a talk begins, and watches what somebody's eye would rest on.

import type { Page } from '@playwright/test';

import type { Person } from './person';

declare global {
  interface Window {
    /** What waits for a time, by the number of its timer; of a busy page alone. */
    waits?: Map<number, () => void>;
    /** Lets the older messages come that are held. */
    release?: () => void;
  }
}

/**
 * From the next load on the page is as on a machine that is busy while older messages come: what waits for a time is done
 * with it before what waits for a frame.
 */
export async function keepBusy(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const waits = new Map<number, () => void>();
    const wait = window.setTimeout.bind(window);
    const forget = window.clearTimeout.bind(window);
    const later = (run: () => void, delay?: number): number => {
      const id = wait(() => {
        waits.delete(id);
        run();
      }, delay);
      // Nobody stands still for so long that a connection is given up.
      if ((delay ?? 0) < 500) waits.set(id, run);
      return id;
    };
    window.setTimeout = later as typeof window.setTimeout;
    window.clearTimeout = ((id: number) => {
      waits.delete(id);
      forget(id);
    }) as typeof window.clearTimeout;
    window.waits = waits;
  });
}

/** From the next load on older messages are fetched, but do not come before they are released, and then at once. */
export async function holdOlder(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const released = new Promise<void>((resolve) => {
      window.release = resolve;
    });
    const fetch = window.fetch.bind(window);
    window.fetch = async (input, init) => {
      const answer = await fetch(input, init);
      if (typeof input !== 'string' || !input.includes('/messages?before=')) return answer;
      const said: unknown = await answer.json();
      answer.json = () => Promise.resolve(said);
      await released;
      return answer;
    };
  });
}

/**
 * To the oldest message that is here, in one step. The held ones come when the rows below it do, which are not measured
 * yet. Says by how many pixels they move it.
 */
export function jumpsToOldest({ log }: Person, oldest: string): Promise<number> {
  return log.evaluate(async (list, oldest) => {
    const rows = (): HTMLElement[] => [...list.querySelectorAll<HTMLElement>('[data-message]')];
    const last = (): string | undefined => rows().at(-1)?.dataset.message;
    // Within the list, which moves itself when a line about the connection comes above it.
    const place = (id: string): number => {
      const row = list.querySelector(`[data-message="${id}"]`);
      return (row?.getBoundingClientRect().top ?? NaN) - list.getBoundingClientRect().top;
    };
    const before = await new Promise<{ readonly id: string; readonly top: number }>((resolve) => {
      let below: string | undefined;
      const observer = new MutationObserver(() => {
        const [row] = rows();
        const id = row?.dataset.message;
        if (id === undefined || row?.innerText.includes(oldest) !== true) return;
        below ??= last();
        if (below === last()) return;
        observer.disconnect();
        resolve({ id, top: place(id) });
        window.release?.();
      });
      observer.observe(list, { subtree: true, childList: true });
      list.scrollTop = 0;
    });
    const frame = (): Promise<unknown> => new Promise(requestAnimationFrame);
    while (rows()[0]?.dataset.message === before.id) await frame();
    for (let [at, now] = [NaN, 0]; at !== now;) {
      await frame();
      [at, now] = [now, place(before.id)];
    }
    return Math.abs(place(before.id) - before.top);
  }, oldest);
}

/**
 * At the oldest message that is here the held ones come, and before the next frame all that waits for a time is done, as
 * when the machine stands still then. Says by how many pixels it moves what one looks at. The page is to be busy.
 */
export function standsStillWhenOlderCome({ log }: Person, oldest: string): Promise<number> {
  return log.evaluate(async (list, oldest) => {
    const frame = (): Promise<unknown> => new Promise(requestAnimationFrame);
    const first = (): HTMLElement | null => list.querySelector<HTMLElement>('[data-message]');
    const place = (id: string | undefined): number => {
      const row = list.querySelector(`[data-message="${id}"]`);
      return (row?.getBoundingClientRect().top ?? NaN) - list.getBoundingClientRect().top;
    };
    const atRest = async (): Promise<number> => {
      for (let [last, now] = [NaN, 0]; last !== now;) {
        await frame();
        [last, now] = [now, place(id)];
      }
      return place(id);
    };
    list.scrollTop = 0;
    while (first()?.innerText.includes(oldest) !== true) await frame();
    const id = first()?.dataset.message;
    const before = await atRest();
    const come = new Promise<void>((resolve) => {
      const observer = new MutationObserver(() => {
        if (first()?.dataset.message === id) return;
        observer.disconnect();
        resolve();
      });
      observer.observe(list, { subtree: true, childList: true });
    });
    window.release?.();
    await come;
    // What the page does at once with them.
    for (let microtasks = 0; microtasks < 50; microtasks += 1) await Promise.resolve();
    for (const [id, run] of [...(window.waits ?? [])]) {
      window.clearTimeout(id);
      run();
    }
    return Math.abs((await atRest()) - before);
  }, oldest);
}

export interface ScrolledBack {
  /** By how many pixels a message moved at most in a frame, beyond what was scrolled. */
  readonly jump: number;
  /** Which message that was. */
  readonly at: string;
  /** How many messages were in the page at most. */
  readonly rows: number;
  /** How often older messages came while one looked. */
  readonly pages: number;
}

/**
 * To the oldest messages that are here, some screens before them, then on step by step until older ones came, and so
 * on until the talk begins. In each frame a message in sight has to be where it was in the one before, plus what was
 * scrolled, whatever is put before it.
 */
export function scrollBack({ log }: Person): Promise<ScrolledBack> {
  return log.evaluate(async (list) => {
    // 10,000 messages take a quarter of that: what does not come to an end says where it stands.
    const FRAMES = 15_000;
    let [frames, doing] = [0, 'begins'];
    const frame = (): Promise<unknown> => {
      frames += 1;
      if (frames > FRAMES) {
        const top = list.querySelector('[data-testid="top"]')?.textContent;
        const at = `${list.scrollTop} of ${list.scrollHeight} px, above it "${top}", ${result.pages} pages came`;
        throw new Error(`scrolling back does not come to an end: it ${doing}, at ${at}`);
      }
      return new Promise(requestAnimationFrame);
    };
    const { height } = list.getBoundingClientRect();
    // Within the list: it moves itself when a line about the connection comes above it, as on a machine that stood still.
    const edge = (row: Element, side: 'top' | 'bottom'): number =>
      row.getBoundingClientRect()[side] - list.getBoundingClientRect().top;
    const isComplete = (): boolean =>
      list.querySelector('[data-testid="top"]')?.textContent.includes('begins') === true;
    const result = { jump: 0, at: '', rows: 0, pages: 0 };

    const said = (row: Element | null | undefined): string | undefined =>
      /message \d+/.exec(row?.textContent ?? '')?.[0];

    /** A message that is in sight, and still is after a step. */
    function watched(): HTMLElement {
      const rows = [...list.querySelectorAll<HTMLElement>('[data-message]')];
      result.rows = Math.max(result.rows, rows.length);
      const row = rows.findLast((each) => edge(each, 'top') <= 0.45 * height) ?? rows[0];
      if (row === undefined) throw new Error('no message is in sight');
      return row;
    }

    /** Scrolls up by half a screen. Says whether older messages came. */
    async function step(): Promise<boolean> {
      // What could not be had, as on a machine that is busy with other things, is asked for again.
      list.querySelector<HTMLElement>('[data-testid="top"] button')?.click();
      const row = watched();
      const [before, scrolled] = [list.scrollHeight, Math.min(list.scrollTop, Math.floor(0.45 * height))];
      // Its lower edge: what comes into the page above it may be measured only now.
      const expected = edge(row, 'bottom') + scrolled;
      list.scrollTop -= scrolled;
      await frame();
      // By its id: what comes before it may have it put into the page anew.
      const now = list.querySelector(`[data-message="${row.dataset.message}"]`);
      const moved = now === null ? Infinity : Math.abs(edge(now, 'bottom') - expected);
      if (moved > result.jump) {
        const [first, last] = [
          list.querySelector('[data-message]'),
          [...list.querySelectorAll('[data-message]')].at(-1),
        ];
        const there = `the page has "${said(first)}" to "${said(last)}", at ${list.scrollTop} of ${list.scrollHeight} px`;
        [result.jump, result.at] = [moved, `"${said(row)}"; ${there}`];
      }
      // Heights that become known change it by less.
      return list.scrollHeight > before + 4 * height;
    }

    /** Elsewhere at once; there everything is new, until its heights are known. */
    async function leap(to: number): Promise<void> {
      list.scrollTop = to;
      await frame();
      for (let [last, now] = [NaN, 0]; last !== now;) {
        await frame();
        [last, now] = [now, edge(watched(), 'bottom')];
      }
    }

    const { waits } = window;
    // What waited before the older ones came, and still does when the page has done what it does at once with them.
    const endWaits = async (before: [number, () => void][]): Promise<void> => {
      for (let microtasks = 0; microtasks < 50; microtasks += 1) await Promise.resolve();
      for (const [id, run] of before) {
        if (waits?.has(id) !== true) continue;
        window.clearTimeout(id);
        run();
      }
    };
    let last = list.scrollHeight;
    const observer = new MutationObserver(() => {
      if (list.scrollHeight > last + 4 * height) void endWaits([...(waits ?? [])]);
      last = list.scrollHeight;
    });
    // Heights are asked for with each change, so of a busy page alone.
    if (waits !== undefined) observer.observe(list, { subtree: true, childList: true, attributes: true });
    while (!isComplete()) {
      // Older ones are asked for when three screens are left.
      doing = 'waits for rows to come to rest';
      await leap(3.2 * height);
      doing = 'waits for older messages';
      while (!isComplete() && !(await step()));
      result.pages += 1;
      await step();
      await step();
    }
    doing = 'goes to the very top';
    while (list.scrollTop > 0) await step();
    observer.disconnect();
    return result;
  });
}
