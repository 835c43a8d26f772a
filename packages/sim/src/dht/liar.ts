import {
  type Contact,
  decodeKrpc,
  encodeAnswer,
  type Endpoint,
  type KrpcPacket,
  type Rng,
} from "@shoal/engine/composition";

/** Ways of lying: each liar keeps to one. */
export const LIES = ["dead neighbours", "accomplices", "strange names", "garbage", "silent thief"] as const;
export type Lie = (typeof LIES)[number];

/** What liars know of each other. */
export interface Conspiracy {
  readonly rng: Rng;
  readonly members: readonly Endpoint[];
  /** Honest nodes, whose addresses are given out under false names. */
  readonly victims: readonly Endpoint[];
  /** An address at which nobody is. */
  deadAddress(): Endpoint;
}

/** What a lying node answers to a packet; null for nothing. */
export function lyingAnswer(
  lie: Lie,
  self: Endpoint,
  packet: Uint8Array,
  from: Endpoint,
  conspiracy: Conspiracy,
): Uint8Array | null {
  const question = decodeKrpc(packet);
  if (question.kind !== "query") return null;
  const { rng } = conspiracy;
  const target = targetOf(question);
  const own = nearId(target, conspiracy.members.indexOf(self), rng);
  if (lie === "garbage") return Uint8Array.from({ length: 60 }, () => rng.below(256));
  const value = Uint8Array.from("5:false", (letter) => letter.charCodeAt(0));
  const reply = { token: new Uint8Array(8), value, nodes: named(lie, target, conspiracy) };
  // The thief looks honest, has nothing, and says so of everything that it was given.
  return encodeAnswer(
    question.transaction,
    own,
    lie === "silent thief" ? { token: reply.token, nodes: reply.nodes } : reply,
    from,
  );
}

function named(lie: Lie, target: Uint8Array, conspiracy: Conspiracy): Contact[] {
  const { rng, members, victims } = conspiracy;
  return Array.from({ length: 8 }, (_, i) => {
    const any = rng.below(members.length);
    if (lie === "accomplices" || lie === "silent thief") {
      return { id: nearId(target, any, rng), endpoint: members[any]! };
    }
    const endpoint = lie === "strange names" ? victims[rng.below(victims.length)]! : conspiracy.deadAddress();
    return { id: nearId(target, i, rng), endpoint };
  });
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
