export { mutateBencode } from "./bencode-mutation.ts";
export { Examiner } from "./examine.ts";
export { replaceRange } from "./mutate.ts";
export type { Mutate } from "./mutate.ts";
export { InputReader, outcomeOf, refusalOf } from "./target.ts";
export type { FuzzTarget } from "./target.ts";
export { findTargets, readFixtures } from "./target-files.ts";
