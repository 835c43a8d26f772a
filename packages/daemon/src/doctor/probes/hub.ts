import type { HubFacts } from "../checks/hub.ts";

const PATIENCE_MS = 5_000;

/** Asks the hub for its first page. */
export async function probeHub(address: string): Promise<HubFacts["answer"]> {
  try {
    const { status } = await fetch(urlOf(address), {
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return status;
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code;
    return { error: cause ?? (error as Error).message };
  }
}

/** Whether asking it sends nothing to anybody else. */
export function isOnThisComputer(address: string): boolean {
  const url = urlOf(address);
  return URL.canParse(url) && /^(localhost|127\.[\d.]+|\[::1\])$/.test(new URL(url).hostname);
}

function urlOf(address: string): string {
  return /^https?:\/\//.test(address) ? address : `http://${address}`;
}
