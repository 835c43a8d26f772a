/** How a system starts the daemon when the user logs in. */
export interface Autostart {
  /** Absolute. */
  readonly file: string;
  readonly text: string;
  /** Programs with their arguments that make the system take it up, and that take it out again. */
  readonly enable: readonly (readonly string[])[];
  readonly disable: readonly (readonly string[])[];
  /** Whether this was tried on a real system of its kind. */
  readonly isTried: boolean;
}

/** What is started, and for whom. */
export interface Start {
  readonly profile: string;
  /** The program and its arguments; paths are absolute. */
  readonly command: readonly string[];
  /** Variables that it needs. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute. */
  readonly home: string;
  /** Of all programs of the user; absolute. */
  readonly configHome: string;
  /** Of shoal; absolute. */
  readonly configDir: string;
}

/** "shoal" for the default profile, "shoal-work" for another. */
export function startName({ profile }: Start): string {
  return profile === "default" ? "shoal" : `shoal-${profile}`;
}
