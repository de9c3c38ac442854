/** What systemd is told of a controller. */
export interface ControllerUnit {
  /** The command and its arguments; the command is a path. */
  command: string[];
  /** The data home. */
  home: string;
  /** A file with settings of the environment, where there are any. */
  environmentFile: string;
  /** Folders that it reads beside the data home. */
  readable?: string[];
  /** True for a user's own systemd, which can't shut a service in as the system's can. */
  isUser: boolean;
}

/** A controller finishes what is in flight within 30 s of being asked to end. */
const stopWithinSeconds = 40;

/** What any systemd can do: without a system call filter for it there is no JIT, hence no W^X. */
const hardening = [
  "UMask=0077",
  "NoNewPrivileges=yes",
  "KeyringMode=private",
  "LockPersonality=yes",
  "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
  "RestrictNamespaces=yes",
  "RestrictRealtime=yes",
  "RestrictSUIDSGID=yes",
  "SystemCallArchitectures=native",
  "SystemCallFilter=@system-service",
  "SystemCallFilter=~@privileged @resources",
  "SystemCallErrorNumber=EPERM",
];

/**
 * What the system's can do beyond: the service sees its data home, its program, and little else.
 */
const isolation = [
  "CapabilityBoundingSet=",
  "AmbientCapabilities=",
  "DevicePolicy=closed",
  "PrivateDevices=yes",
  "PrivateMounts=yes",
  "PrivateTmp=yes",
  "PrivateUsers=yes",
  "ProcSubset=pid",
  "ProtectClock=yes",
  "ProtectControlGroups=yes",
  "ProtectHome=tmpfs",
  "ProtectHostname=yes",
  "ProtectKernelLogs=yes",
  "ProtectKernelModules=yes",
  "ProtectKernelTunables=yes",
  "ProtectProc=invisible",
  "ProtectSystem=strict",
  "RemoveIPC=yes",
];

/**
 * The text of the unit (systemd.service(5), systemd.exec(5)). It tells systemd by a child process
 * when it is ready, hence NotifyAccess; it comes back however it ended, as often as that happens.
 */
export function writeUnit(unit: ControllerUnit): string {
  const { command, home, environmentFile, readable = [], isUser } = unit;
  const [program] = command;
  return `[Unit]
Description=Grants and tokens of the Skupper sites in ${escape(home)}
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=all
ExecStart=${command.map((word) => quote(escape(word.replaceAll("$", "$$$$")))).join(" ")}
Environment=${quote(escape(`HAWSER_DATA_HOME=${home}`))}
EnvironmentFile=-${escape(environmentFile)}
Restart=always
RestartSec=500ms
TimeoutStopSec=${stopWithinSeconds}
${hardening.join("\n")}
${
    isUser ? "" : `${isolation.join("\n")}
BindPaths=${bind(home)}
BindReadOnlyPaths=${bind(program!)}
${readable.map((path) => `BindReadOnlyPaths=-${bind(path)}\n`).join("")}`
  }
[Install]
WantedBy=${isUser ? "default.target" : "multi-user.target"}
`;
}

/** systemd replaces what begins with a percent sign. */
function escape(text: string): string {
  return text.replaceAll("%", "%%");
}

function quote(word: string): string {
  if (/^[\w@%+=:,./~$-]+$/.test(word)) return word;
  return `"${word.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** A path to bind: what follows a colon would be another one's. */
function bind(path: string): string {
  return quote(escape(path)).replaceAll(":", "\\:");
}
