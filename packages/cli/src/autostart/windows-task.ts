import { join } from "node:path";
import { type Autostart, type Start, startName } from "./autostart.ts";

/** A task of the Windows task scheduler, in the form that `schtasks /create /xml` reads. */
export function windowsTask(start: Start): Autostart {
  const name = startName(start);
  const file = join(start.configDir, `${name}-task.xml`);
  const [program = "", ...args] = start.command;
  // A task has no environment of its own: cmd sets it first.
  const sets = Object.entries(start.env).map(([key, value]) => `set "${key}=${value}"`);
  const line = [...sets, [program, ...args].map((word) => `"${word}"`).join(" ")].join(" && ");
  const text = `<?xml version="1.0" encoding="UTF-8"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <Triggers><LogonTrigger><Enabled>true</Enabled></LogonTrigger></Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>10</Count></RestartOnFailure>
    <Hidden>true</Hidden>
  </Settings>
  <Actions>
    <Exec>
      <Command>cmd.exe</Command>
      <Arguments>${xml(`/d /s /c "${line}"`)}</Arguments>
    </Exec>
  </Actions>
</Task>
`;
  return {
    file,
    text,
    enable: [
      ["schtasks", "/create", "/f", "/tn", name, "/xml", file],
      ["schtasks", "/run", "/tn", name],
    ],
    disable: [["schtasks", "/delete", "/f", "/tn", name]],
    isTried: false,
  };
}

function xml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
