import { RpcError } from "./rpc-error.ts";
import type { RpcArguments } from "./request.ts";

/** Longest text that any argument takes. */
const MAX_TEXT = 262_144;
const MAX_ITEMS = 1_000_000;

/** Typed looks into what a program sent: undefined for what is absent, RpcError for what is of another kind. */
export class ArgumentReader {
  readonly #args: RpcArguments;

  constructor(args: RpcArguments) {
    this.#args = args;
  }

  /** true and false, or 1 and 0 as some programs write them. */
  flag(name: string): boolean | undefined {
    const value = this.#args[name];
    if (value === undefined) return undefined;
    if (typeof value === "boolean") return value;
    if (value === 0 || value === 1) return value === 1;
    throw wrong(name, "true or false");
  }

  /** A finite number; programs send whole ones with a fraction, too. */
  number(name: string, min: number, max: number): number | undefined {
    const value = this.#args[name];
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !Number.isFinite(value)) throw wrong(name, "a number");
    if (value < min || value > max) throw wrong(name, `from ${min} to ${max}`);
    return value;
  }

  whole(name: string, min: number, max: number): number | undefined {
    const value = this.number(name, min, max);
    return value === undefined ? undefined : Math.round(value);
  }

  text(name: string): string | undefined {
    const value = this.long(name);
    if (value !== undefined && (value.length > MAX_TEXT || value.includes("\0"))) throw wrong(name, "a text");
    return value;
  }

  /** A text of any length, such as a whole file. */
  long(name: string): string | undefined {
    const value = this.#args[name];
    if (value === undefined || typeof value === "string") return value;
    throw wrong(name, "a text");
  }

  list(name: string): readonly unknown[] | undefined {
    const value = this.#args[name];
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.length > MAX_ITEMS) throw wrong(name, "a list");
    return value;
  }

  texts(name: string): readonly string[] | undefined {
    const values = this.list(name);
    if (values === undefined) return undefined;
    if (!values.every((value): value is string => typeof value === "string" && value.length <= MAX_TEXT))
      throw wrong(name, "a list of texts");
    return values;
  }

  /** Numbers from 0 on. */
  indices(name: string): readonly number[] | undefined {
    const values = this.list(name);
    if (values === undefined) return undefined;
    if (!values.every((value): value is number => Number.isSafeInteger(value) && (value as number) >= 0))
      throw wrong(name, "a list of numbers");
    return values;
  }
}

function wrong(name: string, what: string): RpcError {
  return new RpcError(`invalid argument: ${name} must be ${what}`);
}
