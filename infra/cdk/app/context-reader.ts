import type { Construct } from 'constructs';

/**
 * Reads the context of a construct (`-c key=value`, or `context` in cdk.json). An empty value counts as left out, like
 * an empty parameter of a template.
 */
export class ContextReader<Key extends string> {
  constructor(private readonly scope: Construct) {}

  /** The text as it is, even if it is empty. */
  text(key: Key): string | undefined {
    const value: unknown = this.scope.node.tryGetContext(key);
    return value === undefined ? undefined : String(value);
  }

  optional<T>(key: Key, read: (value: string) => T): T | undefined {
    const value = this.text(key);
    return value ? read(value) : undefined;
  }

  required(key: Key, example: string): string {
    const value = this.text(key);
    if (!value) throw new Error(`context "${key}" is missing; pass it as -c ${key}='${example}'`);
    return value;
  }

  oneOf<T extends string>(key: Key, ...allowed: readonly T[]): T | undefined {
    return this.optional(key, (value) => {
      const found = allowed.find((name) => name === value);
      if (!found) throw new Error(`context "${key}" is "${value}"; expected one of ${allowed.join(', ')}`);
      return found;
    });
  }

  flag(key: Key): boolean | undefined {
    const value = this.oneOf(key, 'true', 'false');
    return value === undefined ? undefined : value === 'true';
  }

  number(key: Key): number | undefined {
    return this.optional(key, (value) => {
      if (!/^[0-9]+$/.test(value)) throw new Error(`context "${key}" is "${value}"; expected a whole number`);
      return Number(value);
    });
  }

  /** The ARN of a resource of one kind, in some region and account. */
  arn<T>(key: Key, service: string, kind: string, read: (value: string) => T): T | undefined {
    return this.optional(key, (value) => {
      if (!new RegExp(`^arn:[a-z-]+:${service}:[a-z0-9-]+:[0-9]{12}:${kind}/[^*]+$`).test(value)) {
        const example = `arn:aws:${service}:eu-west-1:123456789012:${kind}/…`;
        throw new Error(`context "${key}" is "${value}"; expected an ARN such as ${example}`);
      }
      return read(value);
    });
  }

  /** Refuses what has no effect beside another key, because that `is` what it is. */
  refuse(is: string, ...keys: readonly Key[]): void {
    for (const key of keys.filter((name) => this.text(name))) {
      throw new Error(`context "${key}" is given, but context ${is}`);
    }
  }

  /** Values separated by commas. */
  list(key: Key): string[] | undefined {
    return this.optional(key, (values) => values.split(','));
  }
}
