import { Token } from 'aws-cdk-lib';

/** Throws an error that names a setting. */
export function fail(name: string, value: unknown, expected: string): never {
  throw new Error(`${name} is ${JSON.stringify(value)}, but must be ${expected}`);
}

/** Throws if a setting has another form. What is only known on deployment is not checked. */
export function matches(name: string, value: string | undefined, pattern: string, expected: string): void {
  if (value === undefined || Token.isUnresolved(value)) return;
  if (!new RegExp(`^(?:${pattern})$`).test(value)) fail(name, value, expected);
}

/** Throws if a setting is no whole number of a range. What is only known on deployment is not checked. */
export function between(name: string, value: number, least: number, most: number): void {
  if (Token.isUnresolved(value)) return;
  if (!Number.isInteger(value) || value < least || value > most) fail(name, value, `a number from ${least} to ${most}`);
}
