// What many places say.

import type { Language } from './language';

const en = {
  save: 'Save',
  cancel: 'Cancel',
  close: 'Close',
};

const de: typeof en = {
  save: 'Speichern',
  cancel: 'Abbrechen',
  close: 'Schließen',
};

const zh: typeof en = {
  save: '保存',
  cancel: '取消',
  close: '关闭',
};

export const common: Record<Language, typeof en> = { en, de, zh };
