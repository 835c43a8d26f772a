/**
 * Characters that must never reach a terminal from a torrent or a peer: C0 and C1 controls (escape sequences, line breaks), bidirectional controls
 * (they make `exe.gpj` read as `jpg.exe`), line and paragraph separators, invisible fillers, and lone surrogates.
 */
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** `text` with each unsafe character replaced by U+FFFD, so that it is one line and can't steer the terminal. */
export function clean(text: string): string {
  return text.replace(UNSAFE, "\ufffd");
}

/** Cleaned and cut to `maxLength` characters: for text of any length from peers and trackers. */
export function cleanShort(text: string, maxLength = 120): string {
  const points = Array.from(clean(text.slice(0, maxLength * 2 + 2)));
  return points.length <= maxLength ? points.join("") : `${points.slice(0, maxLength - 1).join("")}…`;
}

/** JSON on one line; characters that could steer a terminal are escaped, lone surrogates too. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
