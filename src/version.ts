import configuration from "../deno.json" with { type: "json" };

/** This program's version, as deno.json names it; the build copies it into the executable. */
export const version: string = configuration.version;
