import type { EngineParts, Picker, PickerPeer } from "./engine-parts.ts";
import type { Subject } from "./measure.ts";

const PIECES = 100_000;
const BLOCKS = 16;
const BLOCK_BYTES = 16_384;
const PEERS = 200;
const BATCH = 64;
const HAVES = 2_000;
/** Enough that all peers can have a full batch under way. */
const UNVERIFIED_BYTES = 2 * PEERS * BATCH * BLOCK_BYTES;
/** Pieces that others tell of between two picks, so that nothing a search remembers stays true for long. */
const HAVES_BETWEEN = 20;
/** Per cent of the pieces that some peers have. */
const LITTLE = 2;
/** Pieces that a peer may get beyond its part. */
const SPARE = 1_000;

/** The piece picker of a torrent with 100,000 pieces among 200 peers: seeds, halves, and some with little. */
export function pickerSubjects(parts: EngineParts): Subject[] {
  return [...haveSubjects(parts), ...pickSubjects(parts), ...joinSubjects(parts), ...blockSubjects(parts)];
}

function haveSubjects(parts: EngineParts): Subject[] {
  const { picker, peers, rng } = makeSwarm(parts);
  const leechers = peers.filter((peer) => !peer.have.get(0) || !peer.have.get(1));
  const news = new Int32Array(HAVES * 2);
  let pending = false;
  const undo = (): void => {
    if (!pending) return;
    for (let i = 0; i < HAVES; i++) {
      const peer = leechers[news[2 * i] as number] as PickerPeer;
      peer.have.clear(news[2 * i + 1] as number);
      picker.onPeerDontHave(peer, news[2 * i + 1] as number);
    }
  };
  return [
    {
      name: "picker: HAVE",
      operations: HAVES,
      target: "<= 100 ns",
      before() {
        undo();
        for (let i = 0; i < HAVES;) {
          const at = rng.below(leechers.length);
          const piece = rng.below(PIECES);
          // Marked here so that none comes twice; the picker hears of it in the measured part.
          if (!(leechers[at] as PickerPeer).have.set(piece)) continue;
          news[2 * i] = at;
          news[2 * i++ + 1] = piece;
        }
        pending = true;
      },
      run() {
        for (let i = 0; i < HAVES; i++) {
          picker.onPeerHave(leechers[news[2 * i] as number] as PickerPeer, news[2 * i + 1] as number);
        }
      },
    },
  ];
}

/** Picks among many peers that all have requests under way, given back afterwards; by how much those have who pick. */
function pickSubjects(parts: EngineParts): Subject[] {
  return [
    pickSubject(parts, "everybody", () => true),
    pickSubject(parts, "seeds", (percent) => percent === 100),
    pickSubject(parts, "peers with half", (percent) => percent === 50),
    pickSubject(parts, "peers with little", (percent) => percent === LITTLE),
    pickSubject(parts, "the same, half is there", (percent) => percent === LITTLE, 2),
  ];
}

/** Every `nth` piece is verified; none when it is 0. */
function pickSubject(
  parts: EngineParts,
  who: string,
  picks: (percent: number) => boolean,
  nth: number = 0,
): Subject {
  const { picker, peers, rng } = makeSwarm(parts);
  if (nth > 0) for (let piece = 0; piece < PIECES; piece += nth) picker.setHave(piece);
  const pickers = peers.filter(({ slot }) => picks(percentOf(slot)));
  const outs = peers.map(() => new Int32Array(BATCH * 2));
  const counts = peers.map(() => 0);
  let peer = pickers[0] as PickerPeer;
  let turn = 0;
  let now = 0;
  for (const { slot } of peers)
    counts[slot] = picker.pick(peers[slot] as PickerPeer, BATCH, now, outs[slot] as Int32Array);
  return {
    name: `picker: pick(${BATCH}), ${who}`,
    operations: 1,
    target: "<= 30 us p99",
    before() {
      turn = (turn + 1) % pickers.length;
      now += 1;
      peer = pickers[turn] as PickerPeer;
      const out = outs[peer.slot] as Int32Array;
      for (let i = 0; i < (counts[peer.slot] as number); i++) {
        picker.release(peer.slot, out[2 * i] as number, out[2 * i + 1] as number);
      }
      for (let i = 0; i < HAVES_BETWEEN; i++) {
        const other = peers[rng.below(PEERS)] as PickerPeer;
        const piece = rng.below(PIECES);
        // They keep their part: else all would be halves before long.
        if (other.have.count >= (PIECES * percentOf(other.slot)) / 100 + SPARE) continue;
        if (other.have.set(piece)) picker.onPeerHave(other, piece);
      }
    },
    run() {
      const count = picker.pick(peer, BATCH, now, outs[peer.slot] as Int32Array);
      counts[peer.slot] = count;
      if (count !== BATCH) throw new Error(`only ${count} blocks were picked`);
    },
  };
}

/** Somebody comes or goes: all that it has is counted, and the next pick finds everything in order again. */
function joinSubjects(parts: EngineParts): Subject[] {
  const { picker, peers } = makeSwarm(parts);
  const out = new Int32Array(2);
  const [seed] = peers as [PickerPeer];
  return [50, LITTLE].map((percent) => {
    const guest = peers.find(({ slot }) => percentOf(slot) === percent) as PickerPeer;
    let isThere = true;
    return {
      name: `picker: a peer with ${percent} % comes or goes, and a pick`,
      operations: 1,
      target: "<= 10 ms",
      run() {
        if (isThere) picker.removePeer(guest);
        else picker.addPeer(guest);
        isThere = !isThere;
        const count = picker.pick(seed, 1, 0, out);
        for (let i = 0; i < count; i++)
          picker.release(seed.slot, out[2 * i] as number, out[2 * i + 1] as number);
      },
    };
  });
}

/** All bookkeeping of a block in its life: picked, received, and its piece verified. */
function blockSubjects(parts: EngineParts): Subject[] {
  let swarm = makeSwarm(parts, 10);
  let picked = 0;
  let turn = 0;
  const out = new Int32Array(BATCH * 2);
  return [
    {
      name: "picker: a block's whole life",
      operations: BATCH,
      target: "about 1 us",
      before() {
        if (picked < (PIECES * BLOCKS) / 2) return;
        swarm = makeSwarm(parts, 10);
        picked = 0;
      },
      run() {
        const { picker, peers } = swarm;
        turn = (turn + 1) % peers.length;
        const peer = peers[turn] as PickerPeer;
        const count = picker.pick(peer, BATCH, 0, out);
        for (let i = 0; i < count; i++) {
          const piece = out[2 * i] as number;
          picker.onReceived(peer.slot, piece, out[2 * i + 1] as number);
          if (picker.isPieceComplete(piece)) picker.onVerified(piece);
        }
        picked += count;
      },
    },
  ];
}

interface Swarm {
  readonly picker: Picker;
  readonly peers: readonly PickerPeer[];
  readonly rng: { below(n: number): number };
}

function makeSwarm(parts: EngineParts, count: number = PEERS): Swarm {
  const rng = new parts.Xoshiro128(11);
  const layout = { pieceCount: PIECES, blockCount: () => BLOCKS, blockLength: () => BLOCK_BYTES };
  const picker = new parts.PiecePicker(layout, rng, { maxUnverifiedBytes: UNVERIFIED_BYTES });
  const peers: PickerPeer[] = [];
  for (let slot = 0; slot < count; slot++) {
    const have = new parts.Bitfield(PIECES);
    const percent = percentOf(slot);
    for (let piece = 0; piece < PIECES; piece++) if (rng.below(100) < percent) have.set(piece);
    const peer: PickerPeer = {
      slot,
      have,
      speed: (slot % 3) as 0 | 1 | 2,
      choked: false,
      allowedFast: new Set(),
      snubbed: false,
      distrusted: false,
      inRuns: false,
      responseMs: Infinity,
      parole: false,
    };
    picker.addPeer(peer);
    peers.push(peer);
  }
  return { picker, peers, rng };
}

/** Of ten peers two are seeds, one has hardly anything, the others something in between. */
function percentOf(slot: number): number {
  const kind = slot % 10;
  if (kind < 2) return 100;
  return kind === 2 ? LITTLE : kind * 10;
}
