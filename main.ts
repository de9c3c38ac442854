#!/usr/bin/env -S deno run -A
import process from "node:process";
import { platforms } from "./platforms/mod.ts";
import { app } from "./src/cli/app.ts";
import { processWorld } from "./src/cli/streams.ts";
import { commandsFor } from "./src/commands/mod.ts";

process.exit(await app(processWorld(), platforms, commandsFor));
