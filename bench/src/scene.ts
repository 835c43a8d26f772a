import { openStage } from "@shoal/testkit";
import type { Stage } from "@shoal/testkit";

/** Runs something on a stage of the testkit, outside of a test. Everything on it is taken down afterwards. */
export async function withStage<T>(name: string, use: (stage: Stage) => Promise<T>): Promise<T> {
  const endings: (() => Promise<void> | void)[] = [];
  const context = {
    name,
    passed: true,
    after: (run: () => Promise<void> | void): void => void endings.push(run),
    diagnostic: (message: string): void => console.error(message),
  };
  const stage = openStage(context);
  try {
    return await use(stage);
  } catch (error) {
    context.passed = false;
    throw error;
  } finally {
    for (const run of endings.toReversed()) await run();
  }
}
