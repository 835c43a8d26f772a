/** Calls `tick` every `periodMs` until the returned function is called. */
export function every(periodMs: number, tick: () => void): () => void {
  const timer = setInterval(tick, periodMs);
  return () => clearInterval(timer);
}

/** Resolves once `signal` is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
