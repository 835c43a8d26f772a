import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { formatPeerId } from "./peer-id.ts";
import { IdentityError } from "./identity-error.ts";
import { writeNew } from "./write-new.ts";

/** DER of an Ed25519 public key (RFC 8410) up to the key itself. */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/** Who a node is: one Ed25519 key for as long as the installation lives. */
export class Identity {
  readonly #key: KeyObject;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The public key for people. */
  readonly peerId: string;

  private constructor(key: KeyObject) {
    this.#key = key;
    this.publicKey = new Uint8Array(
      createPublicKey(key).export({ type: "spki", format: "der" }).subarray(SPKI_PREFIX.length),
    );
    this.peerId = formatPeerId(this.publicKey);
  }

  /**
   * The key in the file (PKCS #8 in PEM), which is made, for this user's eyes alone, when there is none. Throws IdentityError ERR_IDENTITY when it can't be read
   * or others may read it: a key is never replaced by itself, since nobody would know the node again.
   */
  static async load(path: string): Promise<Identity> {
    return Identity.#of(path, (await read(path)) ?? (await make(path)));
  }

  /** The same; null when there is no key yet. */
  static async find(path: string): Promise<Identity | null> {
    const text = await read(path);
    return text === null ? null : Identity.#of(path, text);
  }

  static #of(path: string, text: string): Identity {
    let key: KeyObject;
    try {
      key = createPrivateKey(text);
    } catch (error) {
      throw unusable(path, "it is no private key", error);
    }
    if (key.asymmetricKeyType !== "ed25519") throw unusable(path, "it is no Ed25519 key");
    return new Identity(key);
  }

  /** 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array {
    return new Uint8Array(sign(null, bytes, this.#key));
  }

  /** Whether the holder of the key (32 bytes) signed exactly these bytes. */
  static verify(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
    if (publicKey.length !== 32 || signature.length !== 64) return false;
    const der = Buffer.concat([SPKI_PREFIX, publicKey]);
    return verify(null, bytes, createPublicKey({ key: der, format: "der", type: "spki" }), signature);
  }
}

async function read(path: string): Promise<string | null> {
  try {
    const { mode } = await stat(path);
    if (process.platform !== "win32" && (mode & 0o077) !== 0)
      throw unusable(path, `others may read it; take that right away with: chmod 600 ${path}`);
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error instanceof IdentityError ? error : unusable(path, (error as Error).message, error);
  }
}

/** What is in the file afterwards: the new key, or that of another process that was quicker. */
async function make(path: string): Promise<string> {
  const { privateKey } = generateKeyPairSync("ed25519");
  await writeNew(path, privateKey.export({ type: "pkcs8", format: "pem" }) as string).catch(
    (error: unknown) => {
      throw unusable(path, (error as Error).message, error);
    },
  );
  return (await read(path))!;
}

function unusable(path: string, why: string, cause?: unknown): IdentityError {
  return new IdentityError("ERR_IDENTITY", `The key of this node, ${path}, can't be used: ${why}`, cause);
}
