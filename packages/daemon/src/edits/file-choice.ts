import type { FilePriority } from "@shoal/engine";
import type { FileRule } from "@shoal/schema";
import { fileMatcher } from "@shoal/schema/selection";

const LEVELS: Readonly<Record<FileRule["priority"], FilePriority>> = { skip: 0, low: 1, normal: 4, high: 7 };

/** What a user has said of files, as it is kept. */
interface Said {
  readonly select: readonly string[];
  readonly rules: readonly FileRule[];
  /** Of single files, by index; they win. */
  readonly byIndex: Readonly<Record<string, FilePriority>>;
}

type Choose = (number: number, path: string, isChosen: boolean) => FilePriority;

/** Which files of a torrent are wanted, and how much: said before its files are known, or later of single ones. */
export class FileChoice {
  #said: Said;
  #choose: Choose | null = null;

  /** Throws RangeError for a pattern that is none. */
  constructor(select: readonly string[] = [], rules: readonly FileRule[] = []) {
    this.#said = { select, rules, byIndex: {} };
    if (select.length + rules.length > 0) this.#choose = compile(this.#said);
  }

  static parse(json: string): FileChoice {
    const said = JSON.parse(json) as Said;
    const choice = new FileChoice(said.select, said.rules);
    choice.#said = said;
    return choice;
  }

  /** Nothing was said. */
  get isEmpty(): boolean {
    const { select, rules, byIndex } = this.#said;
    return select.length + rules.length + Object.keys(byIndex).length === 0;
  }

  toJSON(): unknown {
    return this.#said;
  }

  /** `number` counts files from 1; `isChosen`: by the link, where there is no selection. */
  priorityOf(index: number, number: number, path: string, isChosen: boolean): FilePriority {
    const own = this.#said.byIndex[index];
    if (own !== undefined) return own;
    return this.#choose?.(number, path, isChosen) ?? (isChosen ? 4 : 0);
  }

  /** Says it of single files, by index. */
  set(priorities: ReadonlyMap<number, FilePriority>): void {
    const byIndex = { ...this.#said.byIndex, ...Object.fromEntries(priorities) };
    this.#said = { ...this.#said, byIndex };
  }
}

function compile({ select, rules }: Said): Choose {
  const selected = select.map((pattern) => fileMatcher(pattern));
  const levels = rules.map(({ files, priority }) => ({ fits: fileMatcher(files), level: LEVELS[priority] }));
  return (number, path, isChosen) => {
    const wanted = selected.length === 0 ? isChosen : selected.some((fits) => fits(number, path));
    if (!wanted) return 0;
    return levels.findLast(({ fits }) => fits(number, path))?.level ?? 4;
  };
}
