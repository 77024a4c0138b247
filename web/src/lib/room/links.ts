// Finds web addresses in a text, so that they can be clicked. The text itself is never taken for HTML.

export interface Segment {
  readonly text: string;
  /** Where a click leads: always http or https. */
  readonly href?: string;
}

const ADDRESS = /https?:\/\/[^\s<>"]+/gi;
/** What ends a sentence around an address rather than the address. */
const TRAILING = /[.,;:!?'"*_~]+$/;

/** `text` in pieces that make it up again, those that are addresses with an `href`. */
export function withLinks(text: string): Segment[] {
  const segments: Segment[] = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    if (!URL.canParse(address)) continue;
    if (match.index > end) segments.push({ text: text.slice(end, match.index) });
    segments.push({ text: address, href: new URL(address).href });
    end = match.index + address.length;
  }
  if (end < text.length) segments.push({ text: text.slice(end) });
  return segments;
}

function trimmed(address: string): string {
  const bare = address.replace(TRAILING, '');
  // "(see https://example.org/a)" ends before the bracket; "https://example.org/a_(b)" keeps it.
  if (bare.endsWith(')') && !bare.includes('(')) return trimmed(bare.slice(0, -1));
  return bare;
}
