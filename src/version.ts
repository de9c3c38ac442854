import configuration from "../deno.json" with { type: "json" };

/** This program's version, as deno.json names it; the build copies it into the executable. */
export const version: string = configuration.version;

/** The version of jf whose commands these are like: scripts compare what jf calls itself. */
export const jfVersion = "2.121.0";
