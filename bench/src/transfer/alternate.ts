import { note } from "../report.ts";
import type { Row } from "./race.ts";

/** Every contender once a round, each second round in the other order, so that no one always follows the same one. */
export async function alternate<C extends { readonly name: string }>(
  contenders: readonly C[],
  rounds: number,
  run: (contender: C, round: number) => Promise<Row>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const row = await run(contender, round);
      rows.push(row);
      const cpu = `${row.seeder.cpuSeconds.toFixed(2)} + ${row.leecher.cpuSeconds.toFixed(2)}`;
      const speed = `${row.speed.toFixed(0)} MiB/s in ${(row.wallMs / 1000).toFixed(2)} s`;
      const others = `${row.otherCores.toFixed(2)} cores busy elsewhere`;
      note(`  round ${round + 1}, ${contender.name}: ${speed}, CPU ${cpu} s, ${others}`);
    }
  }
  return rows;
}
