// A reporter for `node --test` that counts: how many tests ran, and which files have none. See test.js.
const NOT_CHOSEN = "test name does not match pattern";

export default async function* tally(events) {
  let tests = 0;
  const emptyFiles = [];
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (data.details?.type === "suite" || data.skip === NOT_CHOSEN) continue;
    // A file in which no test is declared is reported as one test with the file's name.
    if (data.nesting === 0 && data.file !== undefined && data.name === data.file) emptyFiles.push(data.file);
    else tests += 1;
  }
  yield JSON.stringify({ tests, emptyFiles });
}
