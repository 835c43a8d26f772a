// `npm start` runs the daemon in the foreground, with flags where some are given; `npm start -- WORDS` runs any other command.
const [node, , ...words] = process.argv;
const program = new URL("../packages/cli/bin/shoal.js", import.meta.url);
const asks = ["-h", "--help", "-V", "--version"];
const runs = words.every((word, at) => at > 0 || (word.startsWith("-") && !asks.includes(word)));
process.argv = [node, program.pathname, ...(runs ? ["daemon", "run", ...words] : words)];
await import(program.href);
