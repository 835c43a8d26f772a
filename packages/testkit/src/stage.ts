import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { whyLacking } from "./availability.ts";
import type { Foreign } from "./availability.ts";
import { Child } from "./child.ts";
import type { ChildSpec } from "./child.ts";
import { JsonLines } from "./json-lines.ts";
import { Namespace } from "./namespace.ts";
import { fixturePath } from "./paths.ts";
import { freePort } from "./ports.ts";
import { claimTempDir, removeTempDir } from "./temp.ts";

/** The part of node:test's context that a stage uses. */
export interface StageContext {
  readonly name: string;
  readonly passed?: boolean;
  after(run: () => Promise<void> | void): void;
  diagnostic(message: string): void;
}

export interface StageOptions {
  /** What the test can't do without; a lack throws here (see `lacks`). */
  readonly needs?: readonly Foreign[];
  /** Play in a network namespace in place of 127.0.0.1. */
  readonly ownNetwork?: boolean;
  /** Play on this machine (see `openLan`). */
  readonly on?: Namespace;
}

export interface HttpRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** One character a byte. */
  readonly body: string;
}

/**
 * The scene of one test: a temporary folder, a network, and the programs on it. Everything is taken down when the
 * test ends, in reverse order; if it failed, the programs' last output is printed first.
 */
export class Stage {
  readonly dir: string;
  /** Null when the scene is 127.0.0.1. */
  readonly namespace: Namespace | null;
  /** Where our own side lives. */
  readonly host: string;
  readonly #isMachine: boolean;
  readonly #endings: (() => Promise<unknown> | void)[] = [];
  readonly #children: Child[] = [];
  #bridge: JsonLines | null = null;
  #addresses = 1;
  #folders = 0;

  constructor(context: StageContext, options: StageOptions) {
    this.dir = claimTempDir("stage");
    this.namespace = options.on ?? (options.ownNetwork === true ? Namespace.open() : null);
    this.#isMachine = options.on !== undefined;
    this.host = this.namespace?.address(1) ?? "127.0.0.1";
    context.after(() => this.#close(context));
  }

  /** An address for a foreign client: the next one of the namespace, or simply the one there is. */
  nextHost(): string {
    return this.namespace === null || this.#isMachine ? this.host : this.namespace.address(++this.#addresses);
  }

  freePort(host: string = "127.0.0.1"): Promise<number> {
    // A namespace has no one else in it, so what is free out here (most likely) will do in there as well.
    return freePort(this.namespace === null ? host : "127.0.0.1");
  }

  /** A fresh folder. */
  folder(label: string = "folder"): string {
    const dir = join(this.dir, `${label}-${++this.#folders}`);
    mkdirSync(dir);
    return dir;
  }

  /** Starts a program in this scene's network. It is stopped at the end. */
  spawn(spec: ChildSpec): Child {
    const child = this.#spawn(spec);
    this.#children.push(child);
    return child;
  }

  /** An HTTP request made from within this scene's network. */
  async http(url: string, request: HttpRequest = {}): Promise<HttpAnswer> {
    this.#bridge ??= new JsonLines(
      this.#spawn({
        name: "http",
        quiet: true,
        command: process.execPath,
        args: [fixturePath("http-bridge.js")],
      }),
    );
    return (await this.#bridge.call("fetch", { url, ...request })) as unknown as HttpAnswer;
  }

  /** Registers what is to happen at the end; the last registered comes first. */
  onEnd(run: () => Promise<unknown> | void): void {
    this.#endings.push(run);
  }

  #spawn(spec: ChildSpec): Child {
    const child = new Child({ namespace: this.namespace, ...spec });
    this.onEnd(() => child.stop(1_000, "SIGKILL"));
    return child;
  }

  async #close(context: StageContext): Promise<void> {
    if (context.passed === false) {
      for (const child of this.#children) {
        context.diagnostic(`--- ${child.name} (${child.pid}) ---`);
        for (const line of child.log.split("\n").slice(-60)) context.diagnostic(line.slice(0, 300));
      }
    }
    const failures: unknown[] = [];
    for (const run of this.#endings.toReversed()) {
      try {
        await run();
      } catch (error) {
        failures.push(error);
      }
    }
    this.namespace?.close();
    await removeTempDir(this.dir);
    if (failures.length > 0) throw new AggregateError(failures, "the scene was not taken down cleanly");
  }
}

/** Machines on one Ethernet with no way out, until the test ends; see `Namespace.openLan`. */
export function openLan(context: StageContext, machines: number): Namespace[] {
  const lack = whyLacking(["namespaces"]);
  if (lack !== null) throw new Error(lack);
  const lan = Namespace.openLan(machines);
  context.after(() => {
    for (const one of lan) one.close();
  });
  return lan.slice(0, -1);
}

/** Opens the scene of a test. Throws when something the test needs is not on this machine. */
export function openStage(context: StageContext, options: StageOptions = {}): Stage {
  const needs = [...(options.needs ?? []), ...(options.ownNetwork === true ? (["namespaces"] as const) : [])];
  const lack = whyLacking(needs);
  if (lack !== null) throw new Error(lack);
  return new Stage(context, options);
}
