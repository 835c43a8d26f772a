import { type Endpoint, mayTell } from "../base/address.ts";
import type { Millis } from "../base/brand.ts";
import { PexIntake } from "../core/pex/pex-intake.ts";
import { PexTimeline } from "../core/pex/pex-timeline.ts";
import type { PeerHints, PeerSource } from "../core/swarm/peer-list.ts";
import { encodeExtensionHandshake } from "../wire/extension.ts";
import { decodePex, encodePex, PEX_PREFERS_ENCRYPTION, PEX_REACHABLE, PEX_SEED } from "../wire/pex.ts";
import type { SessionContext } from "./context.ts";
import type { PeerConnection } from "./peer-connection.ts";

/** Between two messages to one peer (BEP 11). */
const INTERVAL_MS = 60_000;
/** The first one waits so long: peers often come in groups. */
const FIRST_AFTER_MS = 1_000;

export interface PeerExchangeOwner {
  readonly connected: ReadonlySet<PeerConnection>;
  /** See `SwarmOwner`. */
  readonly usesFinders: boolean;
  readonly isSeed: boolean;
  add(endpoint: Endpoint, source: PeerSource, hints: PeerHints): void;
}

/** A connected peer whose listening port we know, as others are told of it. */
interface Contact extends Endpoint {
  /** Null when it has left. */
  peer: PeerConnection | null;
}

/** Where the exchange with one peer stands. */
interface PexState {
  readonly contact: Contact | null;
  /** In the timeline; null before the first message. */
  position: number | null;
  nextAt: Millis;
  intake: PexIntake | null;
}

/** Tells the peers of one torrent of each other, and takes up whom they name (BEP 11). */
export class PeerExchange {
  readonly #context: SessionContext;
  readonly #owner: PeerExchangeOwner;
  readonly #timeline: PexTimeline<Contact> = new PexTimeline();
  readonly #states: Map<PeerConnection, PexState> = new Map();

  constructor(context: SessionContext, owner: PeerExchangeOwner) {
    this.#context = context;
    this.#owner = owner;
  }

  /** Otherwise it is not even announced. */
  get isOn(): boolean {
    return this.#context.config.pex && this.#owner.usesFinders;
  }

  /** The peer is connected; `at`: where others can reach it, null while that is not known. May be called again when it is. */
  onPeer(peer: PeerConnection, at: Endpoint | null): void {
    const known = this.#states.get(peer);
    if (known?.contact !== undefined && known.contact !== null) return;
    const contact = at === null ? null : { host: at.host, port: at.port, peer };
    if (contact !== null) this.#timeline.join(contact);
    const nextAt = known?.nextAt ?? this.#context.now() + FIRST_AFTER_MS;
    this.#states.set(peer, {
      contact,
      position: known?.position ?? null,
      nextAt,
      intake: known?.intake ?? null,
    });
  }

  onPeerGone(peer: PeerConnection): void {
    const contact = this.#states.get(peer)?.contact ?? null;
    this.#states.delete(peer);
    if (contact === null) return;
    contact.peer = null;
    this.#timeline.leave(contact);
  }

  /** A ut_pex message. Throws ProtocolError when it is malformed. */
  onMessage(peer: PeerConnection, payload: Uint8Array): void {
    const state = this.#states.get(peer);
    if (!this.isOn || state === undefined) return;
    const now = this.#context.now();
    state.intake ??= new PexIntake(now);
    const contacts = state.intake.take(decodePex(payload), peer.remote.host, this.#owner.isSeed, now);
    for (const contact of contacts)
      this.#owner.add(contact, "pex", { wantsObfuscation: (contact.flags & PEX_PREFERS_ENCRYPTION) !== 0 });
  }

  /** Peers are told that it is off from now on. */
  end(): void {
    const off = encodeExtensionHandshake({ extensions: new Map([["ut_pex", 0]]) });
    for (const peer of this.#states.keys()) {
      if (peer.closed || !peer.session.extended) continue;
      peer.session.out.extended(0, off);
      peer.flush();
    }
  }

  onTick(now: Millis): void {
    if (!this.isOn) return;
    let oldest = this.#timeline.end;
    for (const [peer, state] of this.#states) {
      if (!peer.session.remoteExtensions.get("ut_pex")) continue;
      if (now >= state.nextAt) this.#tell(peer, state, now);
      oldest = Math.min(oldest, state.position ?? oldest);
    }
    this.#timeline.forgetBefore(oldest);
  }

  #tell(peer: PeerConnection, state: PexState, now: Millis): void {
    if (state.position === this.#timeline.end) return;
    const { host } = peer.remote;
    const fits = (contact: Contact): boolean => contact.peer !== peer && mayTell(contact.host, host);
    const { added, dropped, position } =
      state.position === null ? this.#timeline.begin(fits) : this.#timeline.since(state.position, fits);
    state.position = position;
    if (added.length + dropped.length === 0) return;
    const contacts = added.map((contact) => ({ ...contact, flags: flagsOf(contact.peer) }));
    peer.session.sendExtended("ut_pex", encodePex({ added: contacts, dropped }));
    peer.flush();
    state.nextAt = now + INTERVAL_MS;
  }
}

function flagsOf(peer: PeerConnection | null): number {
  if (peer === null) return 0;
  const seed = peer.complete || peer.uploadOnly ? PEX_SEED : 0;
  const reachable = peer.incoming ? 0 : PEX_REACHABLE;
  return seed | reachable | (peer.obfuscated ? PEX_PREFERS_ENCRYPTION : 0);
}
