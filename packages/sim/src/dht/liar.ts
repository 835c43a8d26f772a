import {
  type Contact,
  decodeKrpc,
  encodeAnswer,
  type Endpoint,
  type KrpcPacket,
  type Rng,
} from "@shoal/engine/composition";

/** Ways of lying: each liar keeps to one. All but the last two call themselves whatever is near to what is asked for. */
const LIES = [
  "dead neighbours",
  "accomplices",
  "strange names",
  "garbage",
  "silent thief",
  "stale items",
  "own name",
] as const;
type Lie = (typeof LIES)[number];

const TOKEN = new Uint8Array(8);
const FALSE = Uint8Array.from("5:false", (letter) => letter.charCodeAt(0));

type Reply = Parameters<typeof encodeAnswer>[2];
type Item = Pick<Reply, "value" | "signed">;

/** What liars know of each other and of the rest. */
export interface Conspiracy {
  readonly rng: Rng;
  readonly members: readonly Endpoint[];
  /** Honest nodes, whose addresses are given out under false names. */
  readonly victims: readonly Endpoint[];
  /** An address at which nobody is. */
  deadAddress(): Endpoint;
}

/** A lying node. */
export class Liar {
  readonly #index: number;
  readonly #lie: Lie;
  readonly #ownId: Uint8Array;
  readonly #others: Conspiracy;
  /** The first item that anybody put here. */
  #stale: Item | null = null;

  /** `index`: the how manieth of the members it is. `ownId`: who it was while it was honest. */
  constructor(index: number, ownId: Uint8Array, others: Conspiracy) {
    this.#index = index;
    this.#lie = LIES[index % LIES.length]!;
    this.#ownId = ownId;
    this.#others = others;
  }

  /** What it answers to a packet; null for nothing. */
  answer(packet: Uint8Array, from: Endpoint): Uint8Array | null {
    const question = decodeKrpc(packet);
    if (question.kind !== "query") return null;
    const { rng } = this.#others;
    if (this.#lie === "garbage") return Uint8Array.from({ length: 60 }, () => rng.below(256));
    const target = targetOf(question);
    const keepsName = this.#lie === "own name" || this.#lie === "stale items";
    const id = keepsName ? this.#ownId : nearId(target, this.#index, rng);
    const reply = { token: TOKEN, nodes: this.#named(target), ...this.#item(question) };
    return encodeAnswer(question.transaction, id, reply, from);
  }

  /** Thieves look honest, have nothing, and say so of everything that they were given. */
  #item({ query }: KrpcPacket & { kind: "query" }): Item {
    if (this.#lie === "silent thief" || this.#lie === "own name") return {};
    if (this.#lie !== "stale items") return { value: FALSE };
    if (query.method === "put" && query.signed !== null) {
      const { publicKey, seq, signature } = query.signed;
      const signed = { publicKey: publicKey.slice(), seq, signature: signature.slice() };
      this.#stale ??= { value: query.value.slice(), signed };
    }
    return this.#stale ?? {};
  }

  #named(target: Uint8Array): Contact[] {
    const { rng, members, victims } = this.#others;
    return Array.from({ length: 8 }, (_, i) => {
      const any = rng.below(members.length);
      switch (this.#lie) {
        case "accomplices":
        case "silent thief":
          return { id: nearId(target, any, rng), endpoint: members[any]! };
        case "strange names":
          return { id: nearId(target, i, rng), endpoint: victims[rng.below(victims.length)]! };
        default:
          return { id: nearId(target, i, rng), endpoint: this.#others.deadAddress() };
      }
    });
  }
}

/** An id that differs from the target in its last bytes only, of which `n` is one. */
function nearId(target: Uint8Array, n: number, rng: Rng): Uint8Array {
  const id = new Uint8Array(target);
  id[18] = n & 0xff;
  id[19] = rng.below(256);
  return id;
}

function targetOf({ id, query }: KrpcPacket & { kind: "query" }): Uint8Array {
  return ("target" in query ? query.target : null) ?? id;
}
