/** Source of randomness: cryptographic in production, seeded in the simulator. */
export interface Random {
  /** Fills and returns `target`. */
  fill(target: Uint8Array): Uint8Array;
  /** Uniform 32-bit unsigned integer. */
  uint32(): number;
}
