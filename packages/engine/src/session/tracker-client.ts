export interface TrackerHandle { count: number; failed: number; stop(): Promise<void>; completed(): void }
export class TrackerClient {
  add(_a: { tiers: readonly (readonly string[])[]; infoHashes: () => Uint8Array[]; peerId: Uint8Array; port: () => number; totals: () => { uploaded: number; downloaded: number; left: number } }, _b: { onPeers: (p: { host: string; port: number }[]) => void; onResult: (r: { url: string; ok: boolean; message: string | null; peers: number }) => void }): TrackerHandle {
    return { count: 0, failed: 0, stop: async () => {}, completed() {} };
  }
  async close(): Promise<void> {}
}
