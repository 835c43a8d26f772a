import { spawn } from "node:child_process";

import type { Context } from "../../context.ts";
import { daemonClient } from "../../daemon-client.ts";
import { clean } from "../../ui/clean.ts";
import type { Invocation } from "../command.ts";
import type { UiOptions } from "./declarations.ts";

/** `shoal ui`. Where no browser can be started, the address is the result. */
export async function runUi({ context, output, options }: Invocation<UiOptions>): Promise<number> {
  const daemon = await daemonClient(context);
  const { ui } = await daemon.info();
  // Of another computer, the address by which it was reached.
  const address = daemon.address.type === "url" ? daemon.address.url.href : ui;
  const url = /^https?:\/\//.test(address) ? address : null;
  const opened = !options.print && url !== null && (await open(context, url));
  output.document({ url: address, opened });
  output.data(clean(address));
  if (!opened && !options.print) output.note("No browser could be started: open this address in one.");
  return 0;
}

/** Whether a program took the address. */
function open({ env, platform }: Context, url: string): Promise<boolean> {
  const hasScreen = platform !== "linux" || Boolean(env["DISPLAY"] ?? env["WAYLAND_DISPLAY"]);
  if (!hasScreen) return Promise.resolve(false);
  const [program = "", ...args] =
    platform === "darwin"
      ? ["open", url]
      : platform === "win32"
        ? ["rundll32", "url.dll,FileProtocolHandler", url]
        : ["xdg-open", url];
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: "ignore", detached: true, env: { ...env } });
    child.once("error", () => resolve(false));
    child.once("spawn", () => {
      child.unref();
      resolve(true);
    });
  });
}
