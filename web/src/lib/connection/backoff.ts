// How long to wait before the next attempt to connect: full jitter, so that the clients of a server that died
// do not come back at the same moment. A server that lets in only so many at once tells the others when to come, in a
// header that a browser's WebSocket does not show: the page tries its luck, and so often that with the 20 s in which
// all servers are full again nobody waits longer than 30 s.

export const BACKOFF_BASE_MS = 500;
export const BACKOFF_CAP_MS = 10_000;

/**
 * A wait in milliseconds, anywhere from 0 to `500 ms * 2^attempt`, but never above 10 s.
 *
 * `attempt` counts the failures since the last good connection, from 0; `random` is in [0, 1). With `random`
 * 0.5 the attempts 0, 1 and 2 wait 250, 500 and 1000 ms, and from attempt 5 on it is 5 s.
 */
export function backoff(attempt: number, random: number): number {
  return Math.floor(random * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** attempt));
}
