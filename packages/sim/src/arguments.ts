import { SCENARIOS } from "./scenarios.ts";
import type { Scenario } from "./scenario.ts";

/** What was asked for on the command line. */
export interface Arguments {
  readonly help: boolean;
  readonly list: boolean;
  readonly scenarios: readonly Scenario[];
  readonly json: boolean;
  readonly seed: number;
  /** Null: as the scenario has it. */
  readonly peers: number | null;
  /** File for a plot of everybody's progress; null for none. */
  readonly svg: string | null;
}

export const USAGE = "npm run sim -- <scenario>|all|--list [--seed N] [--peers N] [--json] [--svg FILE]";

/** Throws an Error with one sentence for the user. */
export function parseArguments(words: readonly string[]): Arguments {
  let help = false;
  let list = false;
  let json = false;
  let seed = 1;
  let peers: number | null = null;
  let svg: string | null = null;
  const names: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const value = (): string => {
      const next = words[++i];
      if (next === undefined) throw new Error(`${word} needs a value after it`);
      return next;
    };
    if (word === "--help" || word === "-h") help = true;
    else if (word === "--list") list = true;
    else if (word === "--json") json = true;
    else if (word === "--seed") seed = count(word, value());
    else if (word === "--peers") peers = count(word, value());
    else if (word === "--svg") svg = value();
    else if (word.startsWith("-")) throw new Error(`Unknown option ${word}`);
    else names.push(word);
  }
  const named = names.filter((name) => name !== "all").map(scenarioNamed);
  const scenarios = names.includes("all") ? SCENARIOS : [...new Set(named)];
  if (svg !== null && scenarios.length !== 1) throw new Error("--svg draws one scenario: name one");
  if (!help && !list && scenarios.length === 0) throw new Error(`Name a scenario, or all: ${USAGE}`);
  return { help, list, scenarios, json, seed, peers, svg };
}

function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`There is no scenario "${name}"; --list names them all`);
  return found;
}

function count(word: string, value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number) || number < 1)
    throw new Error(`${word} must be a whole number above 0, not ${value}`);
  return number;
}
