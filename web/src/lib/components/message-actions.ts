// What can be done with messages, for those components that only pass it on.

import type { Message } from '../protocol/generated';

export interface MessageActions {
  /** Gives one's own message another text; whether that was taken. */
  readonly edit: (message: Message, text: string) => boolean;
  readonly remove: (message: Message) => void;
  readonly react: (message: Message, emoji: string, on: boolean) => void;
}

/** What is being done with the message that is chosen. */
export type Doing = 'nothing' | 'reacting' | 'editing' | 'deleting';
