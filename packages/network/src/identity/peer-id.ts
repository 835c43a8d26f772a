import { IdentityError } from "./identity-error.ts";

/** RFC 4648 base32, in lower case: without 0, 1, 8 and 9, which look like letters. */
const DIGITS = "abcdefghijklmnopqrstuvwxyz234567";
const KEY_BYTES = 32;
/** Digits that one check digit follows. */
const CHECKED = 13;
const PARTS = 4;
/** Digits between two hyphens. */
const GROUP = 7;
const LENGTH = PARTS * (CHECKED + 1);
/** What people write for digits that they can't tell apart. */
const MISREAD: Readonly<Record<string, string>> = { "0": "o", "1": "l", "8": "b", "9": "g" };

/**
 * A public key as people read it to each other: base32 in lower case, after each 13 digits a check digit (Luhn mod 32), in eight groups of seven.
 * The same key always has the same text.
 */
export function formatPeerId(publicKey: Uint8Array): string {
  if (publicKey.length !== KEY_BYTES)
    throw new RangeError(`a key has ${KEY_BYTES} bytes, not ${publicKey.length}`);
  const digits = encode(publicKey);
  let checked = "";
  for (let at = 0; at < digits.length; at += CHECKED) {
    const part = digits.slice(at, at + CHECKED);
    checked += part + checkDigit(part);
  }
  return checked.match(/.{7}/g)!.join("-");
}

/**
 * The public key of a peer id, which may be in capitals and with other or no hyphens and blanks. Throws IdentityError ERR_PEER_ID that names the group
 * in which something is mistyped.
 */
export function parsePeerId(text: string): Uint8Array {
  if (text.length > 4 * LENGTH) throw invalid("it is too long");
  const digits = text
    .toLowerCase()
    .replace(/[\s-]/g, "")
    .replace(/[0189]/g, (digit) => MISREAD[digit]!);
  const strange = /[^a-z2-7]/.exec(digits);
  if (strange !== null) throw invalid(`${JSON.stringify(strange[0])} can't be in it`);
  if (digits.length !== LENGTH)
    throw invalid(`it has ${digits.length} letters and digits, and ${LENGTH} are needed`);
  let plain = "";
  for (let part = 0; part < PARTS; part++) {
    const start = part * (CHECKED + 1);
    const checked = digits.slice(start, start + CHECKED);
    if (checkDigit(checked) !== digits[start + CHECKED]) {
      const group = start / GROUP + 1;
      throw invalid(`something is mistyped in its group ${group} or ${group + 1}`);
    }
    plain += checked;
  }
  const key = decode(plain);
  // 52 digits hold 260 bits; a second text for the same key would be a second name.
  if (encode(key) !== plain) throw invalid("its last group is mistyped");
  return key;
}

function invalid(why: string): IdentityError {
  return new IdentityError("ERR_PEER_ID", `That is no peer id: ${why}`);
}

/** Luhn's algorithm over 32 digits: notices each single wrong digit and nearly all swaps of neighbours. */
function checkDigit(text: string): string {
  let factor = 1;
  let sum = 0;
  for (const digit of text) {
    const addend = factor * DIGITS.indexOf(digit);
    factor = factor === 2 ? 1 : 2;
    sum += Math.floor(addend / DIGITS.length) + (addend % DIGITS.length);
  }
  return DIGITS[(DIGITS.length - (sum % DIGITS.length)) % DIGITS.length]!;
}

function encode(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += DIGITS[(held >> bits) & 31];
    }
  }
  return bits === 0 ? text : text + DIGITS[(held << (5 - bits)) & 31];
}

function decode(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const digit of text) {
    held = ((held << 5) | DIGITS.indexOf(digit)) & 0xfff;
    bits += 5;
    if (bits >= 8 && at < bytes.length) {
      bits -= 8;
      bytes[at++] = (held >> bits) & 255;
    }
  }
  return bytes;
}
