// Where one looks in a list stays where it is, whatever comes above it and however high that turns out to be.

/** A row of a list, and how far its upper edge is below that of the list, in pixels. */
export interface Place {
  readonly key: string;
  readonly top: number;
}

/**
 * The first row that begins in sight. Rows whose height is not known yet are hidden: one of them counts only where there
 * is no other. `undefined` when none begins in sight, as with one that is higher than the list.
 */
export function placeIn(list: HTMLElement): Place | undefined {
  const { top: edge, height } = list.getBoundingClientRect();
  let hidden: Place | undefined;
  for (const row of list.querySelectorAll<HTMLElement>('[data-key]')) {
    const top = row.getBoundingClientRect().top - edge;
    if (top < 0 || top >= height) continue;
    const place = { key: row.dataset.key ?? '', top };
    if (row.style.visibility !== 'hidden') return place;
    hidden ??= place;
  }
  return hidden;
}
