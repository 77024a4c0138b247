// The time of day for what counts down on the screen.

/** Ticks often enough that no second of a countdown is skipped. */
const TICK_MS = 250;

/** `now` follows the clock while `running` says so. To be made while a component is set up. */
export function tickingClock(running: () => boolean): { readonly now: number } {
  let now = $state(Date.now());
  $effect(() => {
    if (!running()) return;
    now = Date.now();
    const timer = setInterval(() => {
      now = Date.now();
    }, TICK_MS);
    return () => {
      clearInterval(timer);
    };
  });
  return {
    get now() {
      return now;
    },
  };
}
