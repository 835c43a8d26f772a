/** Where multicast DNS is spoken (RFC 6762, 3). */
export const MDNS_PORT = 5353;
export const MDNS_GROUPS = { 4: "224.0.0.251", 6: "ff02::fb" } as const;

/** Names are kept as they are written; compare them with `sameName`. A dot separates labels, so a label has none. */
export type MdnsRecord =
  | { readonly type: "PTR"; readonly name: string; readonly ttlSeconds: number; readonly target: string }
  | {
      readonly type: "SRV";
      readonly name: string;
      readonly ttlSeconds: number;
      readonly target: string;
      readonly port: number;
    }
  | {
      readonly type: "TXT";
      readonly name: string;
      readonly ttlSeconds: number;
      readonly entries: ReadonlyMap<string, string>;
    }
  | {
      readonly type: "A" | "AAAA";
      readonly name: string;
      readonly ttlSeconds: number;
      /** Address literal in canonical spelling. */
      readonly host: string;
    };

export type MdnsQuestionType = MdnsRecord["type"] | "ANY";

export interface MdnsQuestion {
  readonly name: string;
  readonly type: MdnsQuestionType;
}

/** What is said in one packet, as far as it can concern us. */
export interface MdnsMessage {
  readonly isResponse: boolean;
  /** 0 but in queries of programs that speak only ordinary DNS, which want it back (RFC 6762, 6.7). */
  readonly id: number;
  readonly questions: readonly MdnsQuestion[];
  /** Answers and additional records of a response; of a query the answers that are known to who asks. */
  readonly records: readonly MdnsRecord[];
  /** Of a query: what the asker is about to claim (RFC 6762, 8.2). */
  readonly claims: readonly MdnsRecord[];
}

/** Whether two names of DNS are the same: case does not count (RFC 6762, 16). */
export function sameName(a: string, b: string): boolean {
  return nameKey(a) === nameKey(b);
}

/** Text that is equal exactly for the same names. */
export function nameKey(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
