// What many places say.

import type { Language } from './language';

const en = {
  save: 'Save',
  cancel: 'Cancel',
  close: 'Close',
  loading: 'Loading…',
  /** Behind a sentence that says why not now. */
  againIn: (wait: string) => `Try again in ${wait}.`,
  unreachable: 'The server cannot be reached.',
  notUnderstood: 'The server gave an answer that this page does not understand.',
};

const de: typeof en = {
  save: 'Speichern',
  cancel: 'Abbrechen',
  close: 'Schließen',
  loading: 'Wird geladen…',
  againIn: (wait) => `Wieder möglich in ${wait}.`,
  unreachable: 'Der Server ist nicht erreichbar.',
  notUnderstood: 'Der Server gab eine Antwort, die diese Seite nicht versteht.',
};

const zh: typeof en = {
  save: '保存',
  cancel: '取消',
  close: '关闭',
  loading: '正在加载…',
  againIn: (wait) => `请在 ${wait}后重试。`,
  unreachable: '无法连接服务器。',
  notUnderstood: '此页面无法理解服务器的回答。',
};

export const common: Record<Language, typeof en> = { en, de, zh };
