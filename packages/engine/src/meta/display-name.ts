import { utf8Text, utf8TextStrict } from "../base/bytes.ts";

/**
 * Characters that a terminal or a browser obeys instead of showing: controls, and those that turn the writing
 * direction.
 */
export const UNSHOWABLE: RegExp = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/** The text without control and direction characters, safe to print. */
export function plainText(text: string): string {
  return text.replace(UNSHOWABLE, "");
}

/**
 * Text of a name from a torrent: what is not UTF-8 becomes "_". `valid` is false when something did.
 * Separators and the like are still in it.
 */
export function decodeName(bytes: Uint8Array): { text: string; valid: boolean } {
  const text = utf8TextStrict(bytes);
  if (text !== null) return { text, valid: true };
  return { text: utf8Text(bytes).replaceAll("\ufffd", "_"), valid: false };
}

/** A torrent's name for people: no separators, control or direction characters. Empty when nothing is left. */
export function displayName(text: string): string {
  const name = plainText(text).replace(/[/\\]/g, "");
  return name === "." || name === ".." ? "" : name;
}
