import { replaceRange, type Mutate } from "@shoal/testkit/fuzz";
import { concatBytes, readU32, writeU32 } from "../../dist/base/bytes.js";
import {
  MessageWriter,
  reservedBytes,
  RESERVED_EXTENSION,
  RESERVED_FAST,
  RESERVED_V2,
  HANDSHAKE_BYTES,
} from "../../dist/wire/message.js";

const WRITER = new MessageWriter();
WRITER.handshake(
  reservedBytes([RESERVED_EXTENSION, RESERVED_FAST, RESERVED_V2]),
  new Uint8Array(20).fill(7),
  new Uint8Array(20).fill(9),
);
/** A handshake that offers every extension. */
export const HANDSHAKE: Uint8Array = WRITER.take();

/** One message of each kind. */
export function allMessages(): Uint8Array {
  const out = new MessageWriter();
  const request = {
    piecesRoot: new Uint8Array(32).fill(3),
    baseLayer: 0,
    index: 0,
    length: 2,
    proofLayers: 1,
  };
  out.keepAlive();
  out.bitfield(Uint8Array.of(0xff, 0xc0));
  out.haveAll();
  out.haveNone();
  out.have(3);
  out.interested();
  out.unchoke();
  out.request(1, 0, 16_384);
  out.cancel(1, 0, 16_384);
  out.reject(1, 0, 16_384);
  out.suggest(1);
  out.allowedFast(2);
  out.port(6881);
  out.extended(0, new TextEncoder().encode("d1:md11:ut_metadatai1eee"));
  out.hashRequest(request);
  out.hashReject(request);
  out.hashes(request, new Uint8Array(64));
  out.choke();
  out.notInterested();
  return concatBytes(out.take(), block(0, 0, new Uint8Array(100).fill(5)));
}

function block(piece: number, begin: number, data: Uint8Array): Uint8Array {
  const out = new MessageWriter();
  out.pieceHeader(piece, begin, data.length);
  return concatBytes(out.take(), data);
}

/** Where each message of a stream starts, its length prefix included; the end of the stream comes last. */
function starts(input: Uint8Array): number[] {
  const found: number[] = [];
  let at = HANDSHAKE_BYTES;
  while (at + 4 <= input.length) {
    found.push(at);
    at += 4 + Math.min(readU32(input, at), input.length);
  }
  found.push(Math.min(at, input.length));
  return found;
}

/** Changes whole messages: leaves out, repeats, moves, or gives one another length or kind with a prefix that fits. */
export const mutateFrames: Mutate = (input, random, other) => {
  const places = starts(input);
  if (places.length < 2) return concatBytes(HANDSHAKE, allMessages());
  const which = random.below(places.length - 1);
  const [from, end] = [places[which]!, places[which + 1]!];
  const message = input.slice(from, end);
  switch (random.below(7)) {
    case 0:
      return replaceRange(input, from, end, new Uint8Array(0));
    case 1:
      return replaceRange(
        input,
        from,
        from,
        concatBytes(...Array.from({ length: 1 << random.below(8) }, () => message)),
      );
    case 2: {
      const to = places[random.below(places.length)]!;
      return replaceRange(input, to, to, message);
    }
    case 3: {
      const length = random.below(4) === 0 ? random.below(20_000) : random.below(64);
      const fresh = new Uint8Array(5 + length).map(() => random.below(256));
      writeU32(fresh, 0, length + 1);
      fresh[4] = random.below(24);
      return replaceRange(input, from, end, fresh);
    }
    case 4: {
      if (message.length < 5) return input;
      message[4 + random.below(message.length - 4)] = random.below(256);
      return replaceRange(input, from, end, message);
    }
    case 5: {
      const second = other();
      const theirs = starts(second);
      if (theirs.length < 2) return input;
      const at = random.below(theirs.length - 1);
      return replaceRange(input, from, from, second.slice(theirs[at], theirs[at + 1]));
    }
    default:
      writeU32(message, 0, random.below(2) === 0 ? random.below(64) : random.uint32());
      return replaceRange(input, from, Math.min(end, from + message.length), message);
  }
};
