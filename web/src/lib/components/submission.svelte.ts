// One form on its way to the server: sends once at a time, and keeps what was refused.

import type { Refusal } from '../api/http';
import { fieldOf, type Field } from '../account/fields';

export class Submission {
  busy = $state(false);
  refusal = $state.raw<Refusal>();

  constructor(private readonly fields: readonly Field[]) {}

  /** The words for one field of the form. */
  at(field: Field): string | undefined {
    return this.refusal !== undefined && fieldOf(this.refusal, this.fields) === field
      ? this.refusal.words
      : undefined;
  }

  /** The words that belong to none of its fields. */
  get general(): string | undefined {
    return this.refusal !== undefined && fieldOf(this.refusal, this.fields) === undefined
      ? this.refusal.words
      : undefined;
  }

  /** Does it, unless it is being done. Whether it was. */
  async run(action: () => Promise<Refusal | undefined>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.refusal = undefined;
    try {
      this.refusal = await action();
    } finally {
      this.busy = false;
    }
    return this.refusal === undefined;
  }
}
