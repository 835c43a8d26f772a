import { ShoalError } from "@shoal/engine";
import type { Mutate } from "./mutate.ts";

/** Something that takes bytes from strangers, and what must hold whatever they are. */
export interface FuzzTarget {
  readonly name: string;
  /** One line for `--list`. */
  readonly about: string;
  /** Inputs to begin with: small, and between them using every feature. */
  readonly seeds: () => Iterable<Uint8Array> | Promise<Iterable<Uint8Array>>;
  /** Words of the format, to be mixed in. */
  readonly dictionary?: readonly string[];
  /** Ways of changing an input that know its format; used in turn with those that don't. */
  readonly mutations?: readonly Mutate[];
  /** Longest input that is tried. Default 65,536. */
  readonly maxBytes?: number;
  /**
   * Most milliseconds for an input of 64 KiB or less, and for each further 64 KiB. Default 250: machines differ by several times and coverage
   * costs, and what is looked for is time that grows faster than the input.
   */
  readonly limitMs?: number;
  /** Most memory that one input may add, bytes. Default 64 MiB. */
  readonly limitBytes?: number;
  /**
   * False where looking at the coverage would take longer than many an input, as it does when much code runs: then inputs are
   * judged by their outcomes alone. Default true.
   */
  readonly usesCoverage?: boolean;
  /**
   * Feeds one input. Returns a short word for what came of it: inputs that give a new one are kept. Throws when something
   * is not as it must be; an error that the code under test is allowed to throw is turned into a word (`outcomeOf`).
   */
  run(input: Uint8Array): string | Promise<string>;
}

/** The word for a decoding: what `describe` says of its result, or the code of a ShoalError. Other errors pass through. */
export function outcomeOf<T>(decode: () => T, describe: (result: T) => string = () => "ok"): string {
  let result: T;
  try {
    result = decode();
  } catch (error) {
    return refusalOf(error);
  }
  return describe(result);
}

/** The word for an error thrown on purpose; throws every other one again. */
export function refusalOf(error: unknown): string {
  if (!(error instanceof ShoalError)) throw error;
  // What a message quotes from the input would make every input a new one.
  return `${error.code} ${error.message.replace(/".*"|\d+/g, "?").slice(0, 80)}`;
}

/** Reads decisions off an input, so that a script of steps can be made, mutated and replayed like any other bytes. */
export class InputReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isEmpty(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next byte; 0 past the end. */
  u8(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  u16(): number {
    return this.u8() * 256 + this.u8();
  }

  u32(): number {
    return this.u16() * 65_536 + this.u16();
  }

  /** The next `length` bytes, fewer at the end. */
  take(length: number): Uint8Array {
    const taken = this.#bytes.slice(this.#at, this.#at + length);
    this.#at += taken.length;
    return taken;
  }

  rest(): Uint8Array {
    return this.take(this.#bytes.length);
  }
}
