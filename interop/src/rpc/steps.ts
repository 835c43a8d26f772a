/** One call of `transmission-remote`, or a wait. */
export type Step =
  | { readonly run: readonly string[] }
  | { readonly untilListed: RegExp }
  | { readonly settle: true };

const run = (...args: string[]): Step => ({ run: args });
const untilListed = (words: RegExp): Step => ({ untilListed: words });
const settle: Step = { settle: true };

/** The options that print, each. */
const LOOKS: readonly Step[] = ["-l", "-i", "-f", "-if", "-ip", "-pi", "-ic", "-it"].map((option) =>
  run("-t", "all", option),
);
const SESSION = run("-si");
const SECOND = ["-t", "2"];
const info = run(...SECOND, "-i");
const files = run(...SECOND, "-f");
const trackers = run(...SECOND, "-it");
const second = (...args: string[]): Step => run(...SECOND, ...args);

/** Everything that `transmission-remote` can ask for: "film" lies among the downloads, "other" does not. */
export const STEPS: readonly Step[] = [
  run("-l"),
  SESSION,
  run("-st"),
  run("-a", "film.torrent"),
  untilListed(/100%.*film/),
  settle,
  run("-a", "film.torrent"),
  run("-a", "broken.torrent"),
  run("-a", "/nowhere/none.torrent"),
  run("-a", "other.torrent", "--start-paused", "-w", "FOLDER"),
  untilListed(/other/),
  settle,
  SESSION,
  run("--no-start-paused"),
  ...LOOKS,
  // Files.
  second("-L", "tv,hd"),
  info,
  second("-G", "0"),
  files,
  second("-g", "all"),
  second("-ph", "0"),
  second("-pl", "1"),
  files,
  second("-pn", "all"),
  second("-G", "1"),
  second("-g", "0,1"),
  files,
  // Limits of one torrent.
  second("-d", "50"),
  second("-u", "20"),
  info,
  second("-D"),
  second("-U"),
  second("-hl"),
  info,
  second("-HL"),
  second("-pr", "30"),
  info,
  second("-hl"),
  second("-sr", "1.5"),
  info,
  second("-SR"),
  info,
  second("-srd"),
  info,
  // Trackers.
  second("-td", "http://127.0.0.1:9/b/announce"),
  trackers,
  second("-tr", "0"),
  trackers,
  second("-tr", "99"),
  second("--reannounce"),
  // The session.
  run("-d", "250"),
  run("-u", "60"),
  SESSION,
  run("-asd", "30"),
  run("-asu", "10"),
  run("-as"),
  SESSION,
  run("-AS"),
  SESSION,
  run("-asc"),
  run("--alt-speed-time-begin", "0830"),
  run("--alt-speed-time-end", "1730"),
  // Not today: whether the schedule holds at once is not the same for both.
  run("--alt-speed-days", String(((new Date().getDay() + 3) % 7) + 1)),
  SESSION,
  run("-ASC"),
  run("-D"),
  run("-U"),
  SESSION,
  run("-c", "FOLDER/partial"),
  run("-C"),
  run("-e", "4"),
  run("-er"),
  SESSION,
  run("-et"),
  SESSION,
  run("-ep"),
  run("-M"),
  run("-O"),
  run("-X"),
  run("-Y"),
  SESSION,
  run("-m"),
  run("-o"),
  run("-x"),
  run("-y"),
  run("--no-utp"),
  run("-p", "51414"),
  run("-pr", "100"),
  SESSION,
  run("-gsr", "2.5"),
  SESSION,
  run("-GSR"),
  SESSION,
  run("--no-trash-torrent"),
  run("--no-torrent-done-script"),
  run("-w", "FOLDER"),
  SESSION,
  // Running, stopping, checking, moving.
  run("-t", "1", "-S"),
  untilListed(/Stopped +film/),
  run("-l"),
  run("-t", "1", "-s"),
  untilListed(/Idle +film/),
  run("-t", "1", "-v"),
  settle,
  run("-l"),
  run("-t", "1", "--move", "FOLDER/moved"),
  settle,
  run("-t", "1", "-i"),
  run("-t", "1", "--find", "FOLDER/moved"),
  settle,
  run("-l"),
  run("-st"),
  // Which torrents are meant.
  run("-t", "1,2", "-l"),
  run("-t", "active", "-l"),
  run("-t", "99", "-l"),
  run("-t", "99", "-i"),
  run("-i"),
  run("-S"),
  run("-t", "0123456789012345678901234567890123456789", "-i"),
  // The end.
  run("-t", "2", "-r"),
  run("-l"),
  run("-t", "1", "-rad"),
  run("-l"),
];

/** Options whose answers can't be the same: what they are about is not there, or must not be done from afar. */
export const OWN_ANSWERS: readonly (readonly [args: readonly string[], ours: RegExp])[] = [
  [["-pt"], /^Port is open: (Yes|No)\n$/],
  [["--blocklist-update"], /^Error: .*network\.ipFilter/],
  [["--torrent-done-script", "/bin/true"], /^Error: .*configuration file/],
  [["--trash-torrent"], /success/],
  [["--utp"], /success/],
  [["-P"], /success/],
  [["-t", "all", "-Bh"], /success/],
  [["-t", "all", "-Bn"], /success/],
  [["-t", "all", "-Bl"], /success/],
];
