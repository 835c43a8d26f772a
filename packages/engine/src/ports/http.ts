export interface HttpGetOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs: number;
  /** Larger answers (after decompression) fail with ERR_HTTP. */
  readonly maxBytes: number;
  readonly maxRedirects?: number;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** HTTP(S) GET with hard limits, for trackers and .torrent URLs. Throws ShoalError ERR_HTTP. */
export interface Http {
  get(url: string, options: HttpGetOptions): Promise<HttpResponse>;
  /** Closes kept connections. */
  close(): void;
}
