// Who is here, names, and the way to other rooms.

import type { Language } from './language';
import { counting } from './plural';

const count = { en: counting('en'), de: counting('de'), zh: counting('zh') };

const en = {
  peopleAndRooms: 'People and rooms',
  hereNow: 'Here now',
  peopleIn: (room: string) => `People in ${room}`,
  peopleHere: (people: number) => count.en(people, { other: 'People here: #' }),
  you: 'you',
  more: (people: number) => count.en(people, { other: 'and # more' }),
  yourName: 'Your name',
  /** Stands before the name. */
  changeName: 'Change your name, now ',
  nowCalled: (before: string, now: string) => `${before} is now called ${now}.`,
  youAreNowCalled: (now: string) => `You are now called ${now}.`,
  nameEmpty: 'A name needs at least one character.',
  nameTooLong: (limit: number, chars: number) =>
    `A name has at most ${limit} characters; this one has ${chars}.`,
  nameControl: 'A name cannot have control characters.',
  renameOffline: 'The name can be changed once the connection is back.',
  renameLost: 'The connection was lost before the name was changed.',
};

const de: typeof en = {
  peopleAndRooms: 'Personen und Räume',
  hereNow: 'Gerade hier',
  peopleIn: (room) => `Personen in ${room}`,
  peopleHere: (people) => count.de(people, { other: 'Personen hier: #' }),
  you: 'du',
  more: (people) => count.de(people, { one: 'und # weitere', other: 'und # weitere' }),
  yourName: 'Dein Name',
  changeName: 'Namen ändern, jetzt ',
  nowCalled: (before, now) => `${before} heißt jetzt ${now}.`,
  youAreNowCalled: (now) => `Du heißt jetzt ${now}.`,
  nameEmpty: 'Ein Name braucht mindestens ein Zeichen.',
  nameTooLong: (limit, chars) => `Ein Name hat höchstens ${limit} Zeichen; dieser hat ${chars}.`,
  nameControl: 'Ein Name kann keine Steuerzeichen haben.',
  renameOffline: 'Der Name kann geändert werden, sobald die Verbindung wieder da ist.',
  renameLost: 'Die Verbindung ging verloren, bevor der Name geändert war.',
};

const zh: typeof en = {
  peopleAndRooms: '成员与房间',
  hereNow: '在场的人',
  peopleIn: (room) => `${room} 中的人`,
  peopleHere: (people) => count.zh(people, { other: '在场人数：#' }),
  you: '你',
  more: (people) => count.zh(people, { other: '以及其他 # 人' }),
  yourName: '你的名字',
  changeName: '修改名字，当前为 ',
  nowCalled: (before, now) => `${before} 现在叫 ${now}。`,
  youAreNowCalled: (now) => `你现在叫 ${now}。`,
  nameEmpty: '名字至少需要一个字符。',
  nameTooLong: (limit, chars) => `名字最多 ${limit} 个字符，现在有 ${chars} 个。`,
  nameControl: '名字不能包含控制字符。',
  renameOffline: '恢复连接后才能修改名字。',
  renameLost: '名字修改完成之前连接已断开。',
};

export const people: Record<Language, typeof en> = { en, de, zh };
