// What is said, and the place where one writes.

import type { Language } from './language';
import { counting } from './plural';

const count = { en: counting('en'), de: counting('de'), zh: counting('zh') };

const en = {
  messages: 'Messages',
  empty: 'Nothing was said here yet. Say hello!',
  opening: 'Opening the room…',
  newMessages: 'New messages',
  toNewest: 'To the newest',
  today: 'Today',
  yesterday: 'Yesterday',
  /** Stands behind one's own name. */
  ownMark: ' (you)',
  messageTo: (room: string) => `Message to ${room}`,
  message: 'Message',
  send: 'Send',
  left: (chars: number) => count.en(chars, { one: '# character left', other: '# characters left' }),
  tooMany: (chars: number) =>
    count.en(chars, { one: '# character too many', other: '# characters too many' }),
  full: (messages: number) =>
    count.en(messages, { other: '# messages wait already. Please wait until they are sent.' }),
  sending: 'Sending…',
  notSent: 'Not sent',
  waiting: 'Waiting to be sent',
  waitingForConnection: 'Waiting for the connection',
  tryAgain: 'Try again',
  discard: 'Discard',
  isTyping: 'is typing…',
  areTyping: 'are typing…',
  several: 'Several people',
};

const de: typeof en = {
  messages: 'Nachrichten',
  empty: 'Hier wurde noch nichts gesagt. Sag Hallo!',
  opening: 'Der Raum wird geöffnet…',
  newMessages: 'Neue Nachrichten',
  toNewest: 'Zum Neuesten',
  today: 'Heute',
  yesterday: 'Gestern',
  ownMark: ' (du)',
  messageTo: (room) => `Nachricht an ${room}`,
  message: 'Nachricht',
  send: 'Senden',
  left: (chars) => count.de(chars, { one: 'Noch # Zeichen', other: 'Noch # Zeichen' }),
  tooMany: (chars) => count.de(chars, { one: '# Zeichen zu viel', other: '# Zeichen zu viel' }),
  full: (messages) =>
    count.de(messages, { other: '# Nachrichten warten schon. Bitte warte, bis sie gesendet sind.' }),
  sending: 'Wird gesendet…',
  notSent: 'Nicht gesendet',
  waiting: 'Wartet auf das Senden',
  waitingForConnection: 'Wartet auf die Verbindung',
  tryAgain: 'Noch einmal',
  discard: 'Verwerfen',
  isTyping: 'schreibt…',
  areTyping: 'schreiben…',
  several: 'Mehrere Personen',
};

const zh: typeof en = {
  messages: '消息',
  empty: '这里还没有人说话。打个招呼吧！',
  opening: '正在打开房间…',
  newMessages: '新消息',
  toNewest: '回到最新',
  today: '今天',
  yesterday: '昨天',
  ownMark: '（你）',
  messageTo: (room) => `发送到 ${room} 的消息`,
  message: '消息',
  send: '发送',
  left: (chars) => count.zh(chars, { other: '还可输入 # 个字符' }),
  tooMany: (chars) => count.zh(chars, { other: '超出 # 个字符' }),
  full: (messages) => count.zh(messages, { other: '已有 # 条消息在等待，请等它们发送完毕。' }),
  sending: '正在发送…',
  notSent: '未发送',
  waiting: '等待发送',
  waitingForConnection: '等待连接',
  tryAgain: '重试',
  discard: '放弃',
  isTyping: '正在输入…',
  areTyping: '正在输入…',
  several: '多人',
};

export const conversation: Record<Language, typeof en> = { en, de, zh };
