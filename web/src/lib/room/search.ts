// Search in what is loaded. Pure.

import type { MessageId } from '../protocol/generated';
import type { Line } from './lines';
import { looksFor } from './segments';

/** The messages in which `query` is, whatever its case, the oldest first; none for an empty one. */
export function found(lines: readonly Line[], query: string): MessageId[] {
  if (query === '') return [];
  const pattern = looksFor(query);
  return lines.flatMap((line) => ('message' in line && pattern.test(line.message.text) ? [line.key] : []));
}
