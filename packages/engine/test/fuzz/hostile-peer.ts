import type { Heard, Made, Node, ScriptedPeer, SimulatedWorld } from "@shoal/sim";
import type { InputReader } from "@shoal/testkit/fuzz";
import { toHex } from "../../dist/base/bytes.js";
import { shortHashes } from "../../dist/meta/info-hash.js";
import { encodeBencode } from "../../dist/wire/bencode.js";
import type { HashRequest } from "../../dist/wire/hash-request.js";

/** What a torrent is added by when its metadata has to come from peers. */
export function decideMetadata({ metainfo }: Made): { infoHash: string } {
  const { v1, v2 } = metainfo.infoHashes;
  return { infoHash: toHex(v1 ?? v2!) };
}

/** A peer that says what an input makes it say: well-formed or not, in or out of turn, once or a thousand times. */
export class HostilePeer {
  readonly #world: SimulatedWorld;
  readonly #made: Made;
  readonly #victim: Node;
  readonly #manners: number;
  #peer: ScriptedPeer;
  #asked: Heard[] = [];
  /** Answers requests with the right data as they come. */
  #serves = false;

  /** `manners`: bits for fast extension, v2, and the hash that is named. */
  constructor(world: SimulatedWorld, made: Made, victim: Node, manners: number) {
    this.#world = world;
    this.#made = made;
    this.#victim = victim;
    this.#manners = manners;
    this.#peer = this.#dial();
  }

  /** Does one thing. */
  act(input: InputReader): void {
    const { out } = this.#peer;
    const times = this.#times(input.u8());
    const choice = input.u8() % 30;
    if (choice === 0) return this.#redial();
    for (let i = 0; i < times; i++) this.#say(choice, input);
    if (out.length > 0) this.#peer.say();
  }

  #dial(): ScriptedPeer {
    const hashes = shortHashes(this.#made.metainfo.infoHashes);
    const peer = this.#world.dial(this.#victim, this.#made, {
      fast: (this.#manners & 1) === 0,
      v2: (this.#manners & 2) !== 0,
      infoHash: hashes[(this.#manners >> 2) % hashes.length]!,
    });
    peer.onHeard = (heard) => this.#hear(heard);
    return peer;
  }

  #redial(): void {
    this.#peer.connection.close();
    this.#asked = [];
    this.#peer = this.#dial();
  }

  /** Mostly once. */
  #times(byte: number): number {
    return byte < 200 ? 1 : 1 << ((byte - 200) % 11);
  }

  #hear(heard: Heard): void {
    if (heard.kind !== "request") return;
    if (this.#asked.length < 1_000) this.#asked.push(heard);
    if (this.#serves) this.#answer(0);
  }

  #say(choice: number, input: InputReader): void {
    const { out } = this.#peer;
    switch (choice) {
      case 1:
        return out.haveAll();
      case 2:
        return out.haveNone();
      case 3:
        return out.have(this.#piece(input));
      case 4:
        return out.bitfield(this.#bitfield(input));
      case 5:
        return out.unchoke();
      case 6:
        return out.choke();
      case 7:
        return out.interested();
      case 8:
        return out.notInterested();
      case 9:
        return out.request(this.#piece(input), this.#begin(input), this.#length(input));
      case 10:
        return out.cancel(this.#piece(input), this.#begin(input), this.#length(input));
      case 11:
        return out.reject(this.#piece(input), this.#begin(input), this.#length(input));
      case 12:
        return this.#rejectAsked(input.u8());
      case 13:
      case 14:
      case 15:
        return this.#answer(input.u8());
      case 16:
        this.#serves = input.u8() % 3 > 0;
        return;
      case 17:
        return this.#peer.sayBlock(this.#piece(input), this.#begin(input), input.take(1 + (input.u8() % 64)));
      case 18:
        return out.allowedFast(this.#piece(input));
      case 19:
        return out.suggest(this.#piece(input));
      case 20:
        return out.extended(0, this.#handshake(input));
      case 21:
        return this.#metadata(input);
      case 22:
        return out.extended(1 + (input.u8() % 5), input.take(input.u8() % 40));
      case 23:
        return out.hashRequest(this.#hashRequest(input));
      case 24:
        return out.hashReject(this.#hashRequest(input));
      case 25:
        return out.hashes(
          this.#hashRequest(input),
          new Uint8Array(32 * (1 + (input.u8() % 20))).fill(input.u8()),
        );
      case 26:
        return out.extended(3, Uint8Array.of(0, 0, 0, this.#piece(input)));
      case 27:
        return out.keepAlive();
      case 28:
        this.#peer.connection.write(input.take(input.u8()));
        return;
      default:
        this.#peer.connection.close();
    }
  }

  /** In the torrent, mostly. */
  #piece(input: InputReader): number {
    const byte = input.u8();
    const { pieceCount } = this.#made.metainfo.layout;
    return byte < 245 ? byte % pieceCount : byte < 250 ? pieceCount : input.u32();
  }

  #begin(input: InputReader): number {
    const byte = input.u8();
    return byte < 200 ? (byte % 4) * 16_384 : input.u16();
  }

  #length(input: InputReader): number {
    const byte = input.u8();
    return byte < 200 ? 16_384 : byte < 230 ? 1 + byte : 1 + (input.u32() % 131_072);
  }

  #bitfield(input: InputReader): Uint8Array {
    const { pieceCount } = this.#made.metainfo.layout;
    const bytes = new Uint8Array(Math.ceil(pieceCount / 8)).fill(input.u8());
    // No spare bits, mostly.
    if (input.u8() < 240 && pieceCount % 8 > 0) bytes[bytes.length - 1]! &= 0xff << (8 - (pieceCount % 8));
    return bytes;
  }

  /** Answers what was asked first: with the data, or with something like it. */
  #answer(how: number): void {
    const asked = this.#asked.shift();
    if (asked === undefined) return;
    const { piece = 0, begin = 0, length = 0 } = asked;
    const at = piece * this.#made.metainfo.layout.pieceLength + begin;
    const data = this.#made.space.slice(at, at + length);
    if (how > 200) data.fill(how);
    else if (how > 150 && data.length > 0) data[how % data.length]! ^= 1;
    const short = how > 140 && how <= 150 ? data.subarray(0, Math.max(1, data.length - how)) : data;
    this.#peer.sayBlock(piece, begin, short);
    if (how > 100 && how <= 120) this.#peer.sayBlock(piece, begin, data);
  }

  #rejectAsked(how: number): void {
    const asked = how & 1 ? this.#asked.shift() : this.#asked.pop();
    if (asked !== undefined) this.#peer.out.reject(asked.piece ?? 0, asked.begin ?? 0, asked.length ?? 0);
  }

  #handshake(input: InputReader): Uint8Array {
    const names = ["ut_metadata", "lt_donthave", "upload_only", `x${input.u8()}`, `y${input.u16()}`];
    const info = this.#made.metainfo.infoBytes.length;
    const byte = input.u8();
    return encodeBencode({
      m: Object.fromEntries(names.map((name, at) => [name, byte & (1 << at) ? at + 1 : 0])),
      reqq: input.u8() * 10,
      metadata_size:
        byte > 60 ? info : [0, 1, info - 1, info + 1, 16_384, 16_385, 31_457_280, 31_457_281][byte & 7]!,
      upload_only: byte & 1,
      v: `client ${byte}`,
    });
  }

  #metadata(input: InputReader): void {
    const { infoBytes } = this.#made.metainfo;
    const kind = input.u8();
    const piece = kind > 200 ? input.u16() : 0;
    const head = encodeBencode({
      msg_type: kind % 4,
      piece,
      total_size: kind > 230 ? input.u32() : infoBytes.length,
    });
    const data = infoBytes.slice();
    if (kind & 0x10) data[input.u8() % data.length]! ^= 1;
    const isData = kind % 4 === 1;
    const payload = new Uint8Array(head.length + (isData ? data.length : 0));
    payload.set(head);
    if (isData) payload.set(data, head.length);
    this.#peer.out.extended(1, payload);
  }

  #hashRequest(input: InputReader): HashRequest {
    const roots = this.#made.metainfo.layout.files.flatMap(({ piecesRoot }) => piecesRoot ?? []);
    const byte = input.u8();
    return {
      piecesRoot: roots[byte % Math.max(1, roots.length)] ?? new Uint8Array(32).fill(byte),
      baseLayer: byte > 250 ? input.u32() : (byte >> 4) % 4,
      index: (input.u8() % 8) * 2,
      length: byte > 245 ? input.u32() : 1 << (input.u8() % 14),
      proofLayers: input.u8() % 12,
    };
  }
}
