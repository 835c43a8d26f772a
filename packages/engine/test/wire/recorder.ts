import type { FrameHandler } from "../../dist/wire/frame.js";
import type { HashRequest } from "../../dist/wire/hash-request.js";

/** One message as plain data, so that sequences can be compared. */
export type FrameEvent = readonly unknown[];

/** Writes down everything a FrameReader reports. */
export class Recorder implements FrameHandler {
  readonly events: FrameEvent[] = [];

  onHandshake(reserved: Uint8Array, infoHash: Uint8Array, peerId: Uint8Array): void {
    this.events.push(["handshake", hex(reserved), hex(infoHash), hex(peerId)]);
  }
  onKeepAlive(): void {
    this.events.push(["keepAlive"]);
  }
  onChoke(): void {
    this.events.push(["choke"]);
  }
  onUnchoke(): void {
    this.events.push(["unchoke"]);
  }
  onInterested(): void {
    this.events.push(["interested"]);
  }
  onNotInterested(): void {
    this.events.push(["notInterested"]);
  }
  onHave(piece: number): void {
    this.events.push(["have", piece]);
  }
  onBitfield(bits: Uint8Array): void {
    this.events.push(["bitfield", hex(bits)]);
  }
  onRequest(piece: number, begin: number, length: number): void {
    this.events.push(["request", piece, begin, length]);
  }
  onPiece(piece: number, begin: number, data: Uint8Array, offset: number, length: number): void {
    this.events.push(["piece", piece, begin, hex(data.subarray(offset, offset + length))]);
  }
  onCancel(piece: number, begin: number, length: number): void {
    this.events.push(["cancel", piece, begin, length]);
  }
  onPort(port: number): void {
    this.events.push(["port", port]);
  }
  onSuggest(piece: number): void {
    this.events.push(["suggest", piece]);
  }
  onHaveAll(): void {
    this.events.push(["haveAll"]);
  }
  onHaveNone(): void {
    this.events.push(["haveNone"]);
  }
  onReject(piece: number, begin: number, length: number): void {
    this.events.push(["reject", piece, begin, length]);
  }
  onAllowedFast(piece: number): void {
    this.events.push(["allowedFast", piece]);
  }
  onExtended(id: number, payload: Uint8Array): void {
    this.events.push(["extended", id, hex(payload)]);
  }
  onHashRequest(request: HashRequest): void {
    this.events.push(["hashRequest", plain(request)]);
  }
  onHashes(request: HashRequest, hashes: Uint8Array): void {
    this.events.push(["hashes", plain(request), hex(hashes)]);
  }
  onHashReject(request: HashRequest): void {
    this.events.push(["hashReject", plain(request)]);
  }
  onUnknown(id: number): void {
    this.events.push(["unknown", id]);
  }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

export function plain(request: HashRequest): unknown {
  return { ...request, piecesRoot: hex(request.piecesRoot) };
}
