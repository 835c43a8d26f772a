import { type Torrent as TorrentView, TORRENT_COLUMNS, type TorrentQuery } from "@shoal/schema";

/** Which transfers, in which order, and which part of them. */
export interface TorrentPage {
  readonly views: readonly TorrentView[];
  /** How many there are before `offset` and `limit`. */
  readonly total: number;
}

/** The transfers that a query asks for. Words that it separates by commas are alternatives. */
export function queryTorrents(all: readonly TorrentView[], query: TorrentQuery): TorrentPage {
  const tests = testsOf(query);
  const found = tests.length === 0 ? [...all] : all.filter((view) => tests.every((is) => is(view)));
  if (query.sort !== undefined) sort(found, query.sort);
  const { offset = 0, limit = found.length } = query;
  return {
    views: offset === 0 && limit >= found.length ? found : found.slice(offset, offset + limit),
    total: found.length,
  };
}

function testsOf({ state, label, ids, search, active }: TorrentQuery): ((view: TorrentView) => boolean)[] {
  const tests: ((view: TorrentView) => boolean)[] = [];
  if (state !== undefined) {
    const states = new Set(state.split(","));
    tests.push((view) => states.has(view.state));
  }
  if (label !== undefined) {
    const labels = new Set(label.split(","));
    tests.push((view) => view.labels.some((one) => labels.has(one)));
  }
  if (ids !== undefined) {
    const ranges = ids.split(",").map((range) => range.split("-").map(Number));
    tests.push(({ id }) => ranges.some(([first = 0, last = first]) => id >= first && id <= last));
  }
  if (search !== undefined) {
    const words = fold(search)
      .split(" ")
      .filter((word) => word !== "");
    tests.push((view) => {
      const name = fold(view.name);
      return words.every(
        (word) =>
          name.includes(word) || view.v1?.startsWith(word) === true || view.v2?.startsWith(word) === true,
      );
    });
  }
  if (active !== undefined) tests.push((view) => (view.downRate > 0 || view.upRate > 0) === active);
  return tests;
}

/** As people compare names: without regard to case and accents. */
function fold(text: string): string {
  return text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase();
}

/** By a column, backwards with "-" before it; where that is the same, by number. Unknown comes last. */
function sort(views: TorrentView[], by: string): void {
  const backwards = by.startsWith("-");
  const column = (backwards ? by.slice(1) : by) as keyof TorrentView;
  if (!TORRENT_COLUMNS.includes(column)) return;
  const sign = backwards ? -1 : 1;
  const { compare } = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  views.sort((a, b) => {
    const x = a[column];
    const y = b[column];
    if (x === null || y === null) return x === y ? a.id - b.id : x === null ? 1 : -1;
    const order = typeof x === "string" && typeof y === "string" ? compare(x, y) : Number(x) - Number(y) || 0;
    return order === 0 ? a.id - b.id : sign * order;
  });
}
