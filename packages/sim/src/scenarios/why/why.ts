import type { Millis, Torrent, WaitingCode } from "@shoal/engine/composition";
import { rounded } from "../../rounded.ts";
import type { Scenario } from "../../scenario.ts";
import type { SimulatedWorld } from "../../world.ts";

/** A torrent that is about to wait, and what ends that. */
export interface Plight {
  readonly torrent: Torrent;
  /** What resolves it. */
  readonly resolve: () => unknown;
  /** It waits for this reason no more; another code by default. */
  readonly isResolved?: () => boolean;
}

/** How a torrent comes to wait for one reason. */
export interface WhyStory {
  readonly title: string;
  bring(world: SimulatedWorld): Promise<Plight>;
}

/** Until the reason is told, and until it is over. */
const PATIENCE: Millis = 15 * 60_000;

/** A torrent says why it waits, and no longer when that is over. */
export function whyScenario(code: WaitingCode, story: WhyStory): Scenario {
  return {
    name: `why-${code}`,
    title: story.title,
    peers: 1,
    cost: 1,
    async run({ world }) {
      const { torrent, resolve, isResolved } = await story.bring(world);
      const told = (): string | null => torrent.stats().waiting?.code ?? null;
      const from = world.now();
      await world.play(() => told() === code, PATIENCE);
      const { waiting } = torrent.stats();
      const isTold = waiting?.code === code;
      const secondsUntilTold = rounded((world.now() - from) / 1000);
      const resolvedFrom = world.now();
      await resolve();
      await world.play(isResolved ?? (() => told() !== code), PATIENCE);
      const isOver = (isResolved ?? (() => told() !== code))();
      return {
        ok: isTold && isOver,
        told: isTold,
        message: waiting?.message ?? "",
        secondsUntilTold,
        over: isOver,
        secondsUntilOver: rounded((world.now() - resolvedFrom) / 1000),
      };
    },
  };
}
