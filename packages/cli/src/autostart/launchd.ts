import { join } from "node:path";
import { type Autostart, type Start, startName } from "./autostart.ts";

/** An agent of launchd (launchd.plist(5)). */
export function launchdAgent(start: Start): Autostart {
  const label = `net.shoal.${startName(start)}`;
  const file = join(start.home, "Library", "LaunchAgents", `${label}.plist`);
  const variables = Object.entries(start.env).map(
    ([name, value]) => `    <key>${xml(name)}</key><string>${xml(value)}</string>`,
  );
  const text = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key><string>${xml(label)}</string>
  <key>ProgramArguments</key>
  <array>
${start.command.map((word) => `    <string>${xml(word)}</string>`).join("\n")}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
${variables.join("\n")}
  </dict>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
  <key>ProcessType</key><string>Background</string>
</dict>
</plist>
`;
  return {
    file,
    text,
    enable: [["launchctl", "load", "-w", file]],
    disable: [["launchctl", "unload", "-w", file]],
    isTried: false,
  };
}

function xml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
