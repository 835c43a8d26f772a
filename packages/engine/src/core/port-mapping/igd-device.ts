import type { Millis } from "../../base/brand.ts";
import { validOrNull } from "../../base/errors.ts";
import {
  encodeSoapCall,
  type IgdService,
  MAX_DESCRIPTION_BYTES,
  MAX_SOAP_BYTES,
  parseDescription,
  parseSoapAnswer,
  type SoapAnswer,
} from "../../wire/igd.ts";
import { acceptControlUrl } from "./router-url.ts";

/** One HTTP request to a router. Redirects are not followed; the answer comes with `token`. */
export interface RouterRequest {
  readonly token: number;
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
  readonly maxBytes: number;
}

/** What came back; null for no answer in time, or one beyond its limits. */
export type RouterAnswer = { readonly status: number; readonly body: Uint8Array } | null;

/** Null: the router did not answer, or nothing that can be read. */
export type AfterCall = (answer: SoapAnswer | null, now: Millis) => void;

type Waiting = (answer: RouterAnswer, now: Millis) => void;

/**
 * Requests to one device. They are made one at a time, for the HTTP servers of routers are small; tokens are numbers that go up,
 * so that answers to what was given up are not taken for others.
 */
export class IgdDevice {
  readonly url: string;
  readonly #send: (request: RouterRequest) => void;
  #services: readonly IgdService[] = [];
  #base = "";
  #token: number;
  #waiting: Waiting | null = null;
  readonly #queue: { readonly request: Omit<RouterRequest, "token">; readonly whenAnswered: Waiting }[] = [];

  /** `firstToken` is above those of earlier devices. */
  constructor(url: string, firstToken: number, send: (request: RouterRequest) => void) {
    this.url = url;
    this.#token = firstToken;
    this.#send = send;
  }

  get lastToken(): number {
    return this.#token;
  }

  get isIdle(): boolean {
    return this.#waiting === null && this.#queue.length === 0;
  }

  /** Reads the description. `then` hears whether there was one. */
  describe(then: (isThere: boolean, now: Millis) => void): void {
    const request = {
      method: "GET",
      url: this.url,
      headers: {},
      body: null,
      maxBytes: MAX_DESCRIPTION_BYTES,
    } as const;
    this.#ask(request, (answer, at) => {
      const description = answer?.status === 200 ? validOrNull(() => parseDescription(answer.body)) : null;
      this.#services = description?.services ?? [];
      this.#base = description?.base ?? "";
      then(description !== null, at);
    });
  }

  /** Services of these names, the first name first, higher versions first. */
  services(...names: readonly string[]): IgdService[] {
    return names.flatMap((name) =>
      this.#services.filter((service) => service.name === name).toSorted((a, b) => b.version - a.version),
    );
  }

  call(
    service: IgdService,
    action: string,
    values: readonly (readonly [name: string, value: string | number])[],
    now: Millis,
    then: AfterCall,
  ): void {
    const url = acceptControlUrl(service.controlUrl, this.#base, this.url);
    if (url === null) return then(null, now);
    const request = {
      method: "POST",
      url,
      headers: { "content-type": 'text/xml; charset="utf-8"', soapaction: `"${service.type}#${action}"` },
      body: encodeSoapCall(service.type, action, values),
      maxBytes: MAX_SOAP_BYTES,
    } as const;
    this.#ask(request, (answer, at) => {
      // A fault comes with status 500; the body says which.
      const isAnswer = answer !== null && (answer.status === 200 || answer.status === 500);
      then(isAnswer ? validOrNull(() => parseSoapAnswer(answer.body, action)) : null, at);
    });
  }

  /** Forgets what is under way and waits. */
  forget(): void {
    this.#waiting = null;
    this.#queue.length = 0;
  }

  onAnswer(token: number, answer: RouterAnswer, now: Millis): void {
    const waiting = this.#waiting;
    if (waiting === null || token !== this.#token) return;
    this.#waiting = null;
    waiting(answer, now);
    this.#next();
  }

  #ask(request: Omit<RouterRequest, "token">, then: Waiting): void {
    this.#queue.push({ request, whenAnswered: then });
    this.#next();
  }

  #next(): void {
    if (this.#waiting !== null) return;
    const first = this.#queue.shift();
    if (first === undefined) return;
    this.#waiting = first.whenAnswered;
    this.#send({ ...first.request, token: ++this.#token });
  }
}
