import { isLoopback, mayTell } from "../../base/address.ts";
import type { Millis } from "../../base/brand.ts";
import { TokenBucket } from "../../base/token-bucket.ts";
import { PEX_SEED, type PexContact, type PexMessage } from "../../wire/pex.ts";

/** A message a minute is allowed (BEP 11). Clocks differ, and the first ones of some programs come close together. */
const MESSAGES_PER_SECOND = 1 / 45;
const MESSAGE_BURST = 3;
/** Messages beyond that before nothing is taken from the peer any more. */
const PATIENCE = 10;
/** Contacts that are taken from one peer at once, and per second in the long run. */
const CONTACT_BURST = 200;
const CONTACTS_PER_SECOND = 1;

/** What is taken of the peers that one peer names: a stranger's word, of which a bit is enough. */
export class PexIntake {
  readonly #messages: TokenBucket;
  readonly #contacts: TokenBucket;
  #tooMany = 0;

  constructor(now: Millis) {
    this.#messages = new TokenBucket(MESSAGES_PER_SECOND, MESSAGE_BURST, now);
    this.#contacts = new TokenBucket(CONTACTS_PER_SECOND, CONTACT_BURST, now);
  }

  /** Contacts worth trying that `from` has named. `isSeed`: we need nothing ourselves, so seeds are of no use to us. */
  take(message: PexMessage, from: string, isSeed: boolean, now: Millis): PexContact[] {
    if (this.#tooMany > PATIENCE) return [];
    if (!this.#messages.take(1, now)) {
      this.#tooMany++;
      return [];
    }
    const taken: PexContact[] = [];
    const hosts: Set<string> = new Set();
    for (const contact of message.added) {
      if (isSeed && (contact.flags & PEX_SEED) !== 0) continue;
      if (!mayTell(contact.host, from) || hosts.has(contact.host)) continue;
      // Many ports of one address: somebody's service is to be dialled by a whole swarm (BEP 11, security).
      if (!isLoopback(contact.host)) hosts.add(contact.host);
      if (!this.#contacts.take(1, now)) break;
      taken.push(contact);
    }
    return taken;
  }
}
