import type { Sample } from "./timeline.ts";

const WIDTH = 900;
const HEIGHT = 480;
const LEFT = 60;
const TOP = 40;
const RIGHT = 20;
const BOTTOM = 50;
const TICKS = 6;

/** An SVG with one line per leecher: what part of the content it had when. */
export function plotProgress(title: string, samples: readonly Sample[]): string {
  const end = samples.at(-1)?.at ?? 1;
  const members = samples.at(-1)?.progress.length ?? 0;
  const x = (at: number): string => (LEFT + (at / end) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const y = (part: number): string => (HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const lines = Array.from({ length: members }, (_, member) => {
    const points = samples.map(({ at, progress }) => `${x(at)},${y(progress[member] ?? 0)}`);
    const hue = Math.round((member * 360) / members);
    return `<polyline points="${points.join(" ")}" stroke="hsl(${hue} 60% 45%)"/>`;
  });
  const marks: string[] = [];
  for (let i = 0; i < TICKS; i++) {
    const part = i / (TICKS - 1);
    const seconds = (end * part) / 1000;
    marks.push(
      `<text x="${x(end * part)}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle">${seconds.toFixed(1)} s</text>`,
      `<text x="${LEFT - 8}" y="${y(part)}" text-anchor="end" dy="4">${(part * 100).toFixed(0)} %</text>`,
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(part)}" y2="${y(part)}" stroke="#ddd"/>`,
    );
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
<text x="${LEFT}" y="24" font-size="13">${title.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</text>
${marks.join("\n")}
<g fill="none" stroke-width="1.2" stroke-opacity="0.7">
${lines.join("\n")}
</g>
</svg>
`;
}
