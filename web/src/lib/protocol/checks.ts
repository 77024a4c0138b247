// Small checks for JSON that came from elsewhere. Each tells the compiler what it found out.

export type Check<T> = (value: unknown) => value is T;

export type JsonObject = Readonly<Record<string, unknown>>;

export const isString: Check<string> = (value) => typeof value === 'string';

export const isNumber: Check<number> = (value) => typeof value === 'number';

export const isBoolean: Check<boolean> = (value) => typeof value === 'boolean';

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isListOf<T>(check: Check<T>): Check<T[]> {
  return (value): value is T[] => Array.isArray(value) && value.every(check);
}

/** For a field that the type marks with `?`: it may be missing. */
export function optional<T>(check: Check<T>): Check<T> {
  return (value): value is T => value === undefined || check(value);
}

/** A check for each field that a type needs. Other fields are let through: a newer server may tell more. */
export type Shape<T> = { [K in keyof T]-?: Check<T[K]> };

export function hasShape<T>(shape: Shape<T>): Check<T> {
  const fields = Object.entries<Check<unknown>>(shape);
  return (value): value is T => isObject(value) && fields.every(([field, check]) => check(value[field]));
}

/** Reads JSON; `undefined` for text that is none, which no JSON text means. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
