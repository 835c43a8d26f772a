import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { seededBytes } from "@shoal/testkit";

/** The n-th of many torrents of one file that is one piece. */
export class TinyTorrent {
  readonly name: string;
  readonly #content: Uint8Array;
  readonly #tracker: string | null;

  /** `tracker`: its announce URL; null for none. */
  constructor(n: number, length: number = 16_384, tracker: string | null = null) {
    this.name = `file-${n}.bin`;
    this.#content = seededBytes(n, length);
    this.#tracker = tracker;
  }

  /** Puts its file there. */
  write(folder: string): void {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, this.name), this.#content);
  }

  /** As the API takes it. */
  get base64(): string {
    const { length } = this.#content;
    const tracker = this.#tracker === null ? "" : `8:announce${this.#tracker.length}:${this.#tracker}`;
    const name = `4:name${this.name.length}:${this.name}`;
    const before = `d${tracker}4:infod6:lengthi${length}e${name}12:piece lengthi16384e6:pieces20:`;
    const hash = createHash("sha1").update(this.#content).digest();
    return Buffer.concat([Buffer.from(before), hash, Buffer.from("ee")]).toString("base64");
  }
}
