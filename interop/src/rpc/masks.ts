// What differs between two daemons of the same state: where they lie, when it was, how long it took, what they are called.

const MASKS: readonly (readonly [RegExp, string])[] = [
  [/localhost:\d+/g, "HOST"],
  [/\b[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ [\d:]+ 20\d\d\b/g, "DATE"],
  [/(\d+ (second|minute|hour|day)s?, )?\d+ (second|minute|hour|day)s? \(\d+ seconds?\)/g, "TIME"],
  [
    /^( {2}(Daemon version|RPC version|RPC minimum version|Listenport|Configuration directory): ).*$/gm,
    "$1…",
  ],
  // Numbers that each program begins with, and that nobody has set here.
  [/^( {2}(Peer limit|Maximum memory cache size): ).*$/gm, "$1…"],
  [/\(Disabled limit: [^;)]*/g, "(Disabled limit: …"],
  [/Disabled turtle limit: [^;)]*/g, "Disabled turtle limit: …"],
  // What is told of a tracker that can't be reached depends on the moment; its number on how often trackers came and went.
  [/^ {2}Tracker \d+: /gm, "  Tracker N: "],
  [/^ {2}(Got an error|Queued to ask|Asking for|Asked for|No updates|Tracker will|Updates).*\n/gm, ""],
  [/^ {2}(Downloading|Seeding) Time: .*\n/gm, ""],
  [/^ {2}Latest activity: .*\n/gm, ""],
];

/** The text without what may differ; `folder` is the one in which a daemon's downloads lie. */
export function masked(text: string, folder: string): string {
  return MASKS.reduce((rest, [from, to]) => rest.replace(from, to), text.replaceAll(folder, "FOLDER"));
}
