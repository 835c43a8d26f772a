// Values as programs that speak Transmission's RPC can read them: a number that is not whole where one is expected makes a row disappear.

/** JSON writes larger numbers in a way that no reader of whole numbers takes. */
const LARGEST = Number.MAX_SAFE_INTEGER;
/** Text that a peer, tracker or torrent gave. */
const MAX_TEXT = 4_096;
const LONE_SURROGATES = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** A whole number, 0 or more; 0 for what is none. */
export function whole(value: number | null | undefined): number {
  if (typeof value !== "number" || Number.isNaN(value)) return 0;
  return Math.max(0, Math.min(Math.round(value), LARGEST));
}

/** A fraction from 0 to 1. */
export function part(of: number, all: number): number {
  const fraction = of / all;
  return Number.isFinite(fraction) ? Math.max(0, Math.min(fraction, 1)) : 0;
}

/** Seconds since 1970 of a time in RFC 3339 or in milliseconds; 0 for none. */
export function seconds(time: string | number | null | undefined): number {
  if (time === null || time === undefined) return 0;
  return whole(Math.floor((typeof time === "number" ? time : Date.parse(time)) / 1000));
}

/** Bytes a second as Transmission counts speeds: kB/s. One that is smaller is not none at all. */
export function kilobytes(bytes: number): number {
  return Math.max(1, whole(bytes / 1000));
}

/** Without control characters and halves of characters: some programs fall over them. */
export function plain(text: string): string {
  return text
    .slice(0, MAX_TEXT)
    .replace(LONE_SURROGATES, "\ufffd")
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, " ");
}
