import type { Millis } from "../../base/brand.ts";
import type { Rng } from "../../base/rng.ts";
import type { Route } from "../../base/route.ts";
import { MAPPED_PROTOCOLS } from "../../wire/port-mapping.ts";
import { IgdDevice, type RouterAnswer, type RouterRequest } from "./igd-device.ts";
import type { IgdDialogue, IgdDialogueSpec } from "./igd-dialogue.ts";
import { IgdPinhole } from "./igd-pinhole.ts";
import { IgdPortMapping } from "./igd-port-mapping.ts";
import { IgdSearch } from "./igd-search.ts";
import type { Opener, OpenerHost, OpeningFailure } from "./opening.ts";

export interface IgdOpenerHost extends OpenerHost {
  /** To the group that devices listen on. */
  search(packet: Uint8Array): void;
  request(request: RouterRequest): void;
}

/** Asks the routers of one network by UPnP: searches, reads descriptions, and takes the first device that opens our port. */
export class IgdOpener implements Opener {
  readonly #host: IgdOpenerHost;
  readonly #spec: { readonly route: Route; readonly port: number; readonly rng: Rng };
  readonly #search: IgdSearch;
  /** Found and not yet tried. */
  readonly #urls: string[] = [];
  #device: IgdDevice | null = null;
  #dialogue: IgdDialogue | null = null;
  #lastToken = 0;
  /** Somebody waits for an outcome. */
  #isWanted = false;
  #failure: OpeningFailure = "silent";

  constructor(
    host: IgdOpenerHost,
    spec: { readonly route: Route; readonly port: number; readonly rng: Rng },
  ) {
    this.#host = host;
    this.#spec = spec;
    this.#search = new IgdSearch(
      {
        search: (packet) => host.search(packet),
        onDevice: (url, now) => {
          this.#urls.push(url);
          if (this.#isWanted && this.#device === null) this.#tryNext(now);
        },
        onEnd: (now) => {
          if (this.#isWanted && this.#device === null) this.#tryNext(now);
        },
      },
      spec.route,
    );
  }

  get isIdle(): boolean {
    return this.#dialogue?.isOpen !== true && (this.#device === null || this.#device.isIdle);
  }

  nextDeadline(): Millis {
    return this.#search.nextDeadline();
  }

  /** Begins to search, so that the answers are there when `open` follows. */
  prepare(now: Millis): void {
    if (this.#dialogue?.isOpen !== true && this.#search.isOver) this.#search.start(now);
  }

  open(now: Millis): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#failure = "silent";
    if (this.#dialogue?.isOpen === true) return this.#dialogue.open(now);
    this.#forgetDevice();
    this.prepare(now);
    this.#tryNext(now);
  }

  stop(now: Millis): void {
    this.#isWanted = false;
    this.#search.stop();
    this.#urls.length = 0;
    if (this.#dialogue?.isOpen === true) return this.close(now);
    this.#forgetDevice();
  }

  close(now: Millis): void {
    this.#isWanted = false;
    this.#search.stop();
    this.#device?.forget();
    this.#dialogue?.close(now);
  }

  onTime(now: Millis): void {
    this.#search.onTime(now);
  }

  /** A datagram that came to the socket of the search. */
  onPacket(bytes: Uint8Array, from: string, now: Millis): void {
    this.#search.onPacket(bytes, from, now);
  }

  onAnswer(token: number, answer: RouterAnswer, now: Millis): void {
    this.#device?.onAnswer(token, answer, now);
  }

  #tryNext(now: Millis): void {
    this.#forgetDevice();
    const url = this.#urls.shift();
    if (url === undefined) {
      // Another device may still answer the search.
      if (!this.#search.isOver) return;
      this.#isWanted = false;
      for (const protocol of MAPPED_PROTOCOLS) this.#host.onRefused(protocol, this.#failure, now);
      return;
    }
    const device = new IgdDevice(url, this.#lastToken, (request) => this.#host.request(request));
    this.#device = device;
    device.describe((isThere, at) => {
      if (!isThere) return this.#tryNext(at);
      this.#dialogue = this.#begin(device);
      this.#dialogue.open(at);
    });
  }

  #begin(device: IgdDevice): IgdDialogue {
    const spec: IgdDialogueSpec = {
      ...this.#spec,
      onOpened: (opening, now) => {
        this.#isWanted = false;
        this.#search.stop();
        this.#host.onOpened(opening, now);
      },
      onRefused: (protocol, failure, now) => {
        this.#isWanted = false;
        this.#host.onRefused(protocol, failure, now);
      },
      onFailed: (failure, now) => {
        if (this.#failure === "silent") this.#failure = failure;
        this.#tryNext(now);
      },
    };
    return spec.route.family === 4 ? new IgdPortMapping(device, spec) : new IgdPinhole(device, spec);
  }

  #forgetDevice(): void {
    if (this.#device !== null) this.#lastToken = this.#device.lastToken;
    this.#device?.forget();
    this.#device = null;
    this.#dialogue = null;
  }
}
