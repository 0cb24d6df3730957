/** The little of Node that the judge uses, so that its types need no package of their own. */

declare const process: { env: Record<string, string | undefined>; exit(code: number): never };

declare module "node:assert/strict" {
  interface Assert {
    ok(value: unknown, message?: string): asserts value;
    equal(actual: unknown, expected: unknown): void;
    deepEqual(actual: unknown, expected: unknown): void;
    match(text: string, pattern: RegExp): void;
  }
  const assert: Assert;
  export default assert;
}

declare module "node:crypto" {
  export function randomUUID(): string;
}
