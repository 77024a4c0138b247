// Rooms: how they are named, found, made and kept.

import type { Language } from './language';

const en = {
  /** Stands before the room's name, for the ear. */
  heading: 'Hubbub, room ',
  goToAnother: 'Go to another room',
  example: 'for example, kitchen',
  go: 'Go',
  badName: (name: string, limit: number) =>
    `“${name}” cannot be a room: up to ${limit} letters, digits, “-”, “_” and “.”.`,
};

const de: typeof en = {
  heading: 'Hubbub, Raum ',
  goToAnother: 'In einen anderen Raum gehen',
  example: 'zum Beispiel küche',
  go: 'Los',
  badName: (name, limit) =>
    `„${name}“ kann kein Raum sein: bis zu ${limit} Buchstaben, Ziffern, „-“, „_“ und „.“.`,
};

const zh: typeof en = {
  heading: 'Hubbub，房间 ',
  goToAnother: '前往其他房间',
  example: '例如：厨房',
  go: '前往',
  badName: (name, limit) => `“${name}”不能作为房间名：最多 ${limit} 个字母、数字、“-”、“_”和“.”。`,
};

export const rooms: Record<Language, typeof en> = { en, de, zh };
