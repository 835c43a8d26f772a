/** A name that is not taken: "film.mkv", else "film (2).mkv"; of a folder "Holiday (2)". `taken` is asked for each in turn. */
export async function freeName(
  name: string,
  isFolder: boolean,
  taken: (name: string) => Promise<boolean>,
): Promise<string> {
  const dot = isFolder ? -1 : name.lastIndexOf(".");
  const [stem, end] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
  for (let number = 1; ; number++) {
    const next = number === 1 ? name : `${stem} (${number})${end}`;
    if (!(await taken(next))) return next;
  }
}
