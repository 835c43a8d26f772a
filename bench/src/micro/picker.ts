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

/** The piece picker of a torrent with 100,000 pieces among 200 peers: seeds, halves, and some with little. */
export function pickerSubjects(parts: EngineParts): Subject[] {
  return [...haveSubjects(parts), ...pickSubjects(parts), ...blockSubjects(parts)];
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

/** A pick among many peers that all have requests under way, given back afterwards. */
function pickSubjects(parts: EngineParts): Subject[] {
  const { picker, peers, rng } = makeSwarm(parts);
  const outs = peers.map(() => new Int32Array(BATCH * 2));
  const counts = peers.map(() => 0);
  let turn = 0;
  let now = 0;
  for (const [at, peer] of peers.entries())
    counts[at] = picker.pick(peer, BATCH, now, outs[at] as Int32Array);
  return [
    {
      name: `picker: pick(${BATCH})`,
      operations: 1,
      target: "<= 30 us p99",
      before() {
        turn = (turn + 1) % PEERS;
        now += 1;
        const out = outs[turn] as Int32Array;
        const peer = peers[turn] as PickerPeer;
        for (let i = 0; i < (counts[turn] as number); i++) {
          picker.release(peer.slot, out[2 * i] as number, out[2 * i + 1] as number);
        }
        for (let i = 0; i < HAVES_BETWEEN; i++) {
          const other = peers[rng.below(PEERS)] as PickerPeer;
          const piece = rng.below(PIECES);
          if (other.have.set(piece)) picker.onPeerHave(other, piece);
        }
      },
      run() {
        counts[turn] = picker.pick(peers[turn] as PickerPeer, BATCH, now, outs[turn] as Int32Array);
        if (counts[turn] !== BATCH) throw new Error(`only ${counts[turn]} blocks were picked`);
      },
    },
  ];
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
    // Of ten peers two are seeds, one has hardly anything, the others something in between.
    const kind = slot % 10;
    const percent = kind < 2 ? 100 : kind === 2 ? 3 : kind * 10;
    for (let piece = 0; piece < PIECES; piece++) if (rng.below(100) < percent) have.set(piece);
    const peer: PickerPeer = {
      slot,
      have,
      speed: (slot % 3) as 0 | 1 | 2,
      choked: false,
      allowedFast: new Set(),
      snubbed: false,
      distrusted: false,
      responseMs: Infinity,
      parole: false,
    };
    picker.addPeer(peer);
    peers.push(peer);
  }
  return { picker, peers, rng };
}
