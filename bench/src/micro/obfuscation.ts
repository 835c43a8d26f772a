import type { EngineParts, Handshake } from "./engine-parts.ts";
import type { Subject } from "./measure.ts";

const BLOCK = 16_384;
const BLOCKS = 16;

/** What obfuscated connections cost: each of their bytes, and their beginning. */
export function obfuscationSubjects(parts: EngineParts): Subject[] {
  const stream = new parts.Rc4(new Uint8Array(20).fill(1));
  const run = new Uint8Array(BLOCKS * BLOCK);
  return [
    {
      name: "obfuscation: a block of 16 KiB",
      operations: BLOCKS,
      bytes: BLOCK,
      target: "about 58 us",
      run: () => stream.apply(run, 0, run.length),
    },
    { name: "obfuscation: a handshake, both sides", operations: 1, run: () => shakeHands(parts) },
  ];
}

function shakeHands(parts: EngineParts): void {
  const primitives = {
    sha1: parts.nodeHasher.sha1,
    diffieHellman: parts.nodeDiffieHellman,
    random: new parts.NodeRandom(),
  };
  const infoHash = new Uint8Array(20).fill(2);
  const ours = new parts.MseInitiator(primitives, infoHash, () => new Uint8Array(68));
  const theirs = new parts.MseResponder(primitives, () => infoHash, true);
  pass(ours, theirs);
  pass(theirs, ours);
  pass(ours, theirs);
  pass(theirs, ours);
  if (ours.outcome === null || theirs.outcome === null) throw new Error("the handshake is not done");
}

function pass(from: Handshake, to: Handshake): void {
  const bytes = from.takeOutput()!;
  to.onBytes(bytes, 0, bytes.length);
}
