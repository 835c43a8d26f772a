export type PeerSource = "user" | "tracker";
export interface Candidate { host: string; port: number; source: PeerSource; nextAt: number; connected: boolean; fails: number }
export class PeerList {
  readonly #all = new Map<string, Candidate>();
  readonly #banned = new Set<string>();
  constructor(_rng: unknown) {}
  get size(): number { return this.#all.size; }
  #k(e: { host: string; port: number }): string { return `${e.host}:${e.port}`; }
  add(e: { host: string; port: number }, source: PeerSource, now: number): void {
    if (!this.#all.has(this.#k(e))) this.#all.set(this.#k(e), { ...e, source, nextAt: now, connected: false, fails: 0 });
  }
  next(now: number): Candidate | null {
    for (const c of this.#all.values()) if (!c.connected && c.nextAt <= now) { c.connected = true; return c; }
    return null;
  }
  onPostponed(c: Candidate): void { c.connected = false; }
  onConnected(_e: unknown, _now: number): void {}
  onFailed(e: { host: string; port: number }, now: number): void { const c = this.#all.get(this.#k(e)); if (c) { c.connected = false; c.nextAt = now + 1000 * 2 ** Math.min(6, c.fails++); } }
  onClosed(e: { host: string; port: number }, now: number): void { this.onFailed(e, now); }
  nextDeadline(): number { return this.#all.size > 0 ? 0 : Infinity; }
  isBanned(h: string): boolean { return this.#banned.has(h); }
  ban(h: string, _p: number, _r: string): void { this.#banned.add(h); }
}
