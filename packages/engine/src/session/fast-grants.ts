import type { PiecePicker } from "../core/picker/piece-picker.ts";
import { shortHashes } from "../meta/info-hash.ts";
import type { Metainfo } from "../meta/metainfo.ts";
import type { PeerConnection } from "./peer-connection.ts";
import type { TorrentUpload } from "./torrent-upload.ts";

/** A piece that more than one in so many peers have is common. */
const COMMON_FRACTION = 4;

/** Lets a peer that has nothing yet have a few common pieces while we choke it (BEP 6). `others`: peers besides it. */
export function grantCommonPieces(
  upload: TorrentUpload,
  picker: PiecePicker,
  { infoHashes, layout }: Metainfo,
  peer: PeerConnection,
  others: number,
): void {
  upload.grantFastSet(
    peer,
    shortHashes(infoHashes)[0]!,
    layout.pieceCount,
    (piece) => picker.availability(piece) * COMMON_FRACTION > others,
  );
}
