import type { Millis } from "../base/brand.ts";
import type { ShoalError } from "../base/errors.ts";
import { spaceError } from "../core/disk-trouble.ts";
import type { SessionContext } from "./context.ts";

/** Between two looks at the free space while something is written. */
const LOOK_MS: Millis = 1_000;

export interface SpaceWatchOwner {
  /** Something is to be written, and nothing stands against it. */
  readonly writes: boolean;
  /** Nothing more may be written. */
  onDiskError(error: ShoalError): void;
  spaceNeeded(path: string | null): { readonly path: string; readonly needed: number };
}

/** Sees that a download leaves free what is to stay free of the disk. Disks that are full tell that by themselves. */
export class SpaceWatch {
  readonly #context: SessionContext;
  readonly #files: { readonly root: string };
  readonly #owner: SpaceWatchOwner;
  #lookAt: Millis = 0;

  /** `files`: of which the download folder is looked at. */
  constructor(context: SessionContext, files: { readonly root: string }, owner: SpaceWatchOwner) {
    this.#context = context;
    this.#files = files;
    this.#owner = owner;
  }

  onTick(now: Millis): void {
    if (now < this.#lookAt || this.#context.settings.diskReserve === 0 || !this.#owner.writes) return;
    this.#lookAt = now + LOOK_MS;
    void this.#look();
  }

  async #look(): Promise<void> {
    const { root } = this.#files;
    const free = await this.#context.spacePolls.free(root).catch(() => null);
    if (free === null || free > 0 || !this.#owner.writes) return;
    this.#owner.onDiskError(spaceError(root, this.#owner.spaceNeeded(null).needed, free));
  }
}
