import type { NetPolicy } from "./net-policy.ts";

const RETRY_MS = 2000;

interface Closable {
  readonly endpoint: { readonly port: number };
  close(): void | Promise<void>;
}

/** A socket on an address or interface that comes and goes: there is one while that is there, on the same port each time if it can be had. */
export class RenewedSocket<T extends Closable> {
  readonly #make: (port: number) => Promise<T>;
  readonly #policy: NetPolicy;
  readonly #unsubscribe: () => void;
  #current: T | null = null;
  /** Of the last one. */
  #port = 0;
  #retry: NodeJS.Timeout | undefined;
  #steps: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(make: (port: number) => Promise<T>, policy: NetPolicy) {
    this.#make = make;
    this.#policy = policy;
    this.#unsubscribe = policy.watch(() => this.#renew());
  }

  /**
   * `make` is called with the port of the last socket, 0 for the first one. That an interface is missing is waited for; otherwise throws what `make`
   * throws the first time.
   */
  static async open<T extends Closable>(
    make: (port: number) => Promise<T>,
    policy: NetPolicy,
  ): Promise<RenewedSocket<T>> {
    const socket = new RenewedSocket(make, policy);
    if (policy.device !== null && policy.obstacle !== null) return socket;
    try {
      await socket.#begin();
    } catch (error) {
      await socket.close();
      throw error;
    }
    return socket;
  }

  /** Null while there is none. */
  get current(): T | null {
    return this.#current;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    clearTimeout(this.#retry);
    const ended = this.#end();
    await this.#steps;
    await ended;
  }

  #renew(): void {
    clearTimeout(this.#retry);
    this.#steps = this.#steps.then(async () => {
      await this.#end();
      if (this.#closed || this.#policy.obstacle !== null) return;
      try {
        await this.#begin();
      } catch {
        // A new address may take a while until it is fit for use.
        if (!this.#closed) this.#retry = setTimeout(() => this.#renew(), RETRY_MS).unref();
      }
    });
  }

  async #begin(): Promise<void> {
    const made = await this.#make(this.#port);
    if (this.#closed) {
      await made.close();
      return;
    }
    this.#current = made;
    this.#port = made.endpoint.port;
  }

  async #end(): Promise<void> {
    const { current } = this;
    this.#current = null;
    await current?.close();
  }
}
