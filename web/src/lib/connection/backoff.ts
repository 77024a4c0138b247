// How long to wait before the next attempt to connect: full jitter, so that the clients of a server that died
// do not come back at the same moment.

export const BACKOFF_BASE_MS = 500;
export const BACKOFF_CAP_MS = 30_000;

/**
 * A wait in milliseconds, anywhere from 0 to `500 ms * 2^attempt`, but never above 30 s.
 *
 * `attempt` counts the failures since the last good connection, from 0; `random` is in [0, 1). With `random`
 * 0.5 the attempts 0, 1 and 2 wait 250, 500 and 1000 ms, and from attempt 6 on it is 15 s.
 */
export function backoff(attempt: number, random: number): number {
  return Math.floor(random * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** attempt));
}
