import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { CommandLoader } from "../src/cli/command_set.ts";
import { commandsFor } from "../src/commands/mod.ts";
import { catalog } from "../src/errors/catalog.ts";

/** What all rooms of resource_files know: where things lie, and who made a namespace. */
const dataHome = [
  "platforms/resource_files/paths.ts",
  "platforms/resource_files/namespaces.ts",
  "platforms/resource_files/namespace_platform.ts",
  "platforms/resource_files/started_namespace.ts",
];

/** Which folder may import which; a file stands for itself. Tests may import anything. */
const mayImport: Record<string, string[]> = {
  "main.ts": ["src/cli/app.ts", "src/cli/streams.ts", "src/commands/mod.ts", "platforms/mod.ts"],
  "src/version.ts": ["deno.json"],
  "src/errors": [],
  "src/runtime": ["src/errors"],
  "src/network": ["src/errors", "src/runtime/abortable.ts"],
  "src/wait": [
    "src/errors",
    "src/runtime/abortable.ts",
    "src/runtime/clock.ts",
    "src/runtime/system_error.ts",
  ],
  "src/resources": ["src/errors"],
  "src/router": [
    "src/errors",
    "src/platform",
    "src/resources",
    "src/runtime/abortable.ts",
    "src/network/amqp.ts",
  ],
  "src/platform": ["src/errors", "src/resources", "src/router"],
  "src/pki": ["src/errors", "src/resources", "src/runtime"],
  "src/token": foundations("src/pki", "src/network"),
  "src/grant_service": foundations("src/pki"),
  "src/controller": foundations("src/pki", "src/grant_service", "src/token"),
  "src/grant_service/ledger": foundations(),
  "src/jfrog/config": [
    "src/errors",
    "src/wait",
    "src/runtime",
    "src/resources/yaml.ts",
    ...[
      "access_server.ts",
      "environment_secret.ts",
      "go_json.ts",
      "jwt.ts",
      "server.ts",
      "token_value.ts",
    ].map((
      file,
    ) => `src/jfrog/${file}`),
  ],
  "src/jfrog": [
    "src/errors",
    "src/wait",
    "src/runtime",
    "src/network",
    "src/pki/system_authorities.ts",
    "src/resources/yaml.ts",
    "src/version.ts",
  ],
  ...each(
    [
      "src/commands/config",
      "src/commands/access_token",
      "src/commands/access_token_create.ts",
      "src/commands/rt",
      "src/commands/exchange_oidc_token.ts",
      "src/commands/jfrog",
    ],
    [
      "src/errors",
      "src/wait",
      "src/cli/leaf.ts",
      "src/cli/options.ts",
      "src/cli/command_words.ts",
      "src/cli/context.ts",
      "src/cli/runner.ts",
      "src/cli/output.ts",
      "src/cli/printable.ts",
      "src/cli/quiet.ts",
      "src/cli/resource_names.ts",
      "src/cli/reveal.ts",
      "src/cli/secret_sink.ts",
      "src/cli/sink.ts",
      "src/commands/jfrog",
      "src/jfrog",
      "src/runtime/decoded_text.ts",
      "src/runtime/files.ts",
    ],
  ),
  "src/declarative": foundations(),
  "src/doctor": foundations("src/pki", "src/network", "src/jfrog/config"),
  "src/help": ["src/errors"],
  "src/commands/completion_values.ts": [
    "src/cli/command_set.ts",
    "src/resources/kind_words.ts",
    "src/resources/kinds.ts",
    "src/jfrog/config/server_ids.ts",
  ],
  "src/commands/mod.ts": ["src/cli/command_set.ts", "src/commands"],
  "src/commands": foundations(
    "src/cli/leaf.ts",
    "src/cli/options.ts",
    "src/cli/command_words.ts",
    "src/cli/context.ts",
    "src/cli/runner.ts",
    "src/cli/output.ts",
    "src/cli/printable.ts",
    "src/cli/quiet.ts",
    "src/cli/resource_names.ts",
    "src/cli/reveal.ts",
    "src/cli/secret_sink.ts",
    "src/cli/sink.ts",
    "src/version.ts",
    "src/declarative",
    "src/doctor",
    "src/controller",
    "src/grant_service",
    "src/router",
    "src/token",
  ),
  "src/cli": [
    "src/errors",
    "src/help",
    "src/platform",
    "src/resources/kinds.ts",
    "src/resources/yaml.ts",
    "src/runtime",
    "src/version.ts",
    "src/wait",
  ],
  "platforms/mod.ts": ["src/platform", "platforms"],
  "platforms/resource_files": foundations(
    "src/pki",
    "src/grant_service",
    "src/router",
    "src/controller",
  ),
  "platforms/resource_files/store": foundations(...dataHome),
  "platforms/resource_files/router": foundations("src/network", "src/router", ...dataHome),
  "platforms/resource_files/site": foundations(
    "src/pki",
    "src/network",
    "src/router",
    "src/controller/conditions.ts",
    ...dataHome,
    "platforms/resource_files/store",
  ),
  "platforms/resource_files/serving": foundations(
    "src/pki",
    "src/grant_service",
    "src/controller",
    ...dataHome,
    "platforms/resource_files/store",
    "platforms/resource_files/site",
  ),
  "platforms/resource_files/hosting": foundations(
    "src/network",
    "src/grant_service",
    "src/controller",
    ...dataHome,
    "platforms/resource_files/site",
    "platforms/resource_files/serving",
  ),
  "platforms/kubernetes": [
    ...foundations("src/router/network_map.ts"),
    "platforms/kubernetes/controller/controller_runner.ts",
    "platforms/kubernetes/controller/link_maker.ts",
  ],
  "platforms/kubernetes/access": foundations("src/network"),
  "platforms/kubernetes/api": foundations("src/network", "platforms/kubernetes/access"),
  "platforms/kubernetes/manifests": foundations(
    "platforms/kubernetes/api",
    "platforms/kubernetes/command_rights.ts",
    "platforms/kubernetes/deployed_names.ts",
    "platforms/kubernetes/namespace.ts",
  ),
  "platforms/kubernetes/controller": foundations(
    "src/pki",
    "src/grant_service",
    "src/token",
    "src/controller",
    "platforms/kubernetes",
  ),
  "platforms/linux": foundations("src/controller/log.ts", "platforms/resource_files"),
  "platforms/container_engine": foundations("src/network", "platforms/resource_files"),
  "platforms/docker": foundations("platforms/resource_files", "platforms/container_engine"),
  "platforms/podman": foundations("platforms/resource_files", "platforms/container_engine"),
};

/** Who may import an outside library: a file, or all files of a folder. */
const owners: Record<string, string[]> = {
  // types alone: nothing of it is in the executable
  "@kubernetes/client-node": ["platforms/kubernetes"],
  "@commander-js/extra-typings": ["src/cli", "src/commands"],
  "@noble/ciphers/chacha.js": ["src/token/ssh_seal.ts"],
  "age-encryption": ["src/token/seal.ts", "src/token/ssh_seal.ts"],
  "commander": ["src/cli"],
  "js-yaml": ["src/resources/yaml.ts"],
  "prom-client": ["src/grant_service/metrics.ts"],
  "rhea": ["src/network/amqp.ts"],
  "socks": ["src/network/socks.ts"],
  "zod/mini": ["src/resources"],
};

/** The only files that import lazily: each spares start-up what most commands never need. */
const lazyImporters = [
  "src/network/proxy_connection.ts",
  "src/runtime/lines.ts",
  "platforms/resource_files/hosting/controller_probe.ts",
  "platforms/kubernetes/mod.ts",
  "platforms/mod.ts",
  "platforms/resource_files/local_platform.ts",
  "platforms/resource_files/router/local_router.ts",
  "src/cli/output.ts",
  "src/cli/command_tree.ts",
  "src/cli/help.ts",
  "src/commands/mod.ts",
  "src/cli/result_format.ts",
  "src/commands/completion_values.ts",
  "src/commands/delete.ts",
  "src/commands/doctor.ts",
  "src/cli/command_run.ts",
  "src/cli/runner.ts",
  "src/token/seal.ts",
  "src/commands/key/new.ts",
  "src/commands/grant/revoke.ts",
  "src/commands/config/add.ts",
  "src/commands/config/check.ts",
  "src/commands/config/edit.ts",
  "src/commands/config/export.ts",
  "src/commands/config/import.ts",
  "src/commands/config/remove.ts",
  "src/commands/config/show.ts",
  "src/commands/config/use.ts",
  "src/commands/jfrog/access_options.ts",
  "src/commands/jfrog/token_creation.ts",
  "src/commands/rt/ping.ts",
  "src/commands/access_token/inspect.ts",
  "src/commands/access_token/refresh.ts",
  "src/commands/jfrog/deliver_token.ts",
  "src/commands/exchange_oidc_token.ts",
  "src/commands/link/check.ts",
  "src/commands/link/generate.ts",
  "src/commands/site/generate.ts",
  "src/commands/token/inspect.ts",
  "src/commands/token/issue.ts",
  "src/commands/token/read_token.ts",
  "src/commands/token/redeem.ts",
  "src/jfrog/access/connection.ts",
  "src/jfrog/config/application_key.ts",
  "src/jfrog/config/key.ts",
];

/** What several files export by agreement: each platform's \`open\`. */
const sharedNames = ["open"];

/**
 * What may be used of the network's modules outside of src/network: servers, addresses,
 * authorities.
 */
const noClients = [
  ...["createServer", "isIP", "isIPv6", "BlockList"],
  ...["createSecureContext", "TLSSocket", "getCACertificates", "rootCertificates"],
];

/** Who starts programs: for an answer, in our place, and a controller to go on without us. */
const programDoors = [
  "src/runtime/program.ts",
  "src/runtime/become.ts",
  "platforms/linux/detached_controller.ts",
];

const forbiddenNames = ["utils", "helpers", "common", "lib", "misc"];
const maxLines = 300;
const maxFunctionLines = 90;
const maxColumns = 100;

interface Source {
  file: string;
  isTest: boolean;
  text: string;
  /** The text with comments blanked, line for line. */
  code: string;
  imports: Import[];
}

interface Import {
  line: number;
  /** Path from the repository's root, `node:…`, or an npm package. */
  target: string;
  lazy: boolean;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const sources = ["main.ts", ...filesIn("src"), ...filesIn("platforms")].map(read);
const program = sources.filter(({ isTest }) => !isTest);
const everything = [...sources, ...[...filesIn("test"), ...filesIn("scripts")].map(read)];
const tests = everything.filter(({ isTest }) => isTest);

rule("a folder imports only what the table allows", () =>
  program.flatMap(({ file, imports }) => {
    const table = keyFor(file, Object.keys(mayImport));
    if (table === undefined) return [`${file}: its folder is not in the table of imports`];
    return imports
      .filter(({ target }) => isOurs(target) && !isWithin(target, table))
      .filter(({ target }) => !mayImport[table]!.some((allowed) => isWithin(target, allowed)))
      .map(({ line, target }) => `${file}:${line}: ${table} may not import ${target}`);
  }));

rule(
  "a command imports no other noun; JFrog's share src/commands/jfrog",
  () =>
    program.filter(({ file }) => /^src\/commands\/.+\//.test(file)).flatMap(({ file, imports }) =>
      imports
        .filter(({ target }) => isWithin(target, "src/commands"))
        .filter(({ target }) => path.posix.dirname(target) !== path.posix.dirname(file))
        .filter(({ target }) => !isWithin(target, "src/commands/jfrog"))
        .map(({ line, target }) => `${file}:${line}: imports ${target}`)
    ),
);

rule(
  "an outside library is imported only where it belongs",
  () =>
    program.flatMap(({ file, imports }) =>
      imports
        .filter(({ target }) => !isOurs(target) && !target.startsWith("node:"))
        .filter(({ target }) => !owners[target]?.some((owner) => isWithin(file, owner)))
        .map(({ line, target }) => `${file}:${line}: may not import ${target}`)
    ),
);

rule("of the client for Kubernetes types are imported, and nothing that runs", () =>
  program
    .filter(({ code }) => /^import (?!type\b)[^;]*"@kubernetes\/client-node"/m.test(code))
    .map(({ file }) => `${file}: imports more than types`));

rule("only the listed files import lazily", () => [
  ...program.flatMap(({ file, imports }) =>
    imports
      .filter(({ lazy }) => lazy && !lazyImporters.includes(file))
      .map(({ line, target }) => `${file}:${line}: imports ${target} lazily`)
  ),
  ...lazyImporters
    .filter((file) => !program.some((one) => one.file === file && one.imports.some((i) => i.lazy)))
    .map((file) => `${file}: is listed, but imports nothing lazily`),
]);

rule(
  "an import names a file that is there, lazy ones too",
  () =>
    program.flatMap(({ file, imports }) =>
      imports
        .filter(({ target }) => isOurs(target) && !fs.existsSync(path.join(root, target)))
        .map(({ line, target }) => `${file}:${line}: ${target} does not exist`)
    ),
);

rule("no import cycle", () => {
  const edges = new Map(program.map(({ file, imports }) => [
    file,
    imports.filter(({ lazy }) => !lazy).map(({ target }) => target),
  ]));
  const done = new Set<string>();
  function walk(file: string, trail: string[]): string[] {
    if (trail.includes(file)) return [[...trail.slice(trail.indexOf(file)), file].join(" → ")];
    if (done.has(file)) return [];
    const found = (edges.get(file) ?? []).flatMap((next) => walk(next, [...trail, file]));
    done.add(file);
    return found;
  }
  return [...edges.keys()].flatMap((file) => walk(file, []));
});

rule("nothing imports a test or a script", () =>
  program.flatMap(({ file, imports }) =>
    imports
      .filter(({ target }) => /^(test|scripts)\/|_test\.ts$/.test(target))
      .map(({ line, target }) => `${file}:${line}: imports ${target}`)
  ));

rule("one door to the network: only src/network connects, asks and looks names up", () => {
  const outside = program.filter(({ file }) => !file.startsWith("src/network/"));
  const valueImport =
    /^import (?!type )([^;"]*?) from "node:(?:net|tls|https?|http2|dns|dgram)\b.*"/gms;
  return [
    ...outside.flatMap(({ file, code }) =>
      Array.from(code.matchAll(valueImport), ([, names = ""]) => names)
        .flatMap((names) => names.replaceAll(/[{}]/g, "").split(",").map((name) => name.trim()))
        .filter((name) => name !== "" && !name.startsWith("type ") && !noClients.includes(name))
        .map((name) => `${file}: imports ${name}`)
    ),
    ...findIn(outside, /"node:(dns|dgram|http2)\b|\bIncomingMessage\b|\bClientRequest\b/),
    ...findIn(outside, /\bimport\("node:(net|tls|https?)\b/),
    ...findIn(program, /(?<!\.)\bfetch\(|\bglobalThis\b|\bnew (WebSocket|EventSource)\(/),
  ];
});

rule("one door to programs", () =>
  findIn(
    program.filter(({ file }) => !programDoors.includes(file)),
    /"node:child_process"/,
  ));

rule("what goes to a network is awaited where a signal ends that, and nowhere else", () => [
  ...findIn(
    program.filter(({ file }) => file.startsWith("src/network/")),
    /\bnew Promise\b|\bwithResolvers\b|\bfor await\b|"node:events"|"node:timers/,
  ),
  ...findIn(program, /\bPromise\.race\(/),
]);

rule("no global of one runtime", () => findIn(program, /\b(Deno|Bun)\s*(\.|\[)/));

rule("an exported name has one meaning", () => {
  const kinds = "function\\*?|class|interface|type|const|let|var|enum";
  const one = new RegExp(`^export (?:async |abstract |declare )*(?:${kinds}) (\\w+)`, "gm");
  // what is handed on from another file is the same there
  const list = /^export (?:type )?\{([^}]*)\}(?! from)/gm;
  const declared = program.flatMap(({ file, code }) => [
    ...Array.from(code.matchAll(one), ([, name]) => ({ file, name: name! })),
    ...Array.from(code.matchAll(list), ([, names]) => names!).flatMap((names) =>
      Array.from(names.matchAll(/(\w+)\s*(?:,|$)/g), ([, name]) => ({ file, name: name! }))
    ),
  ]);
  return [...Map.groupBy(declared, ({ name }) => name)]
    .filter(([name, places]) => places.length > 1 && !sharedNames.includes(name))
    .map(([name, places]) => `${name}: ${places.map(({ file }) => file).join(", ")}`);
});

rule("no default export", () => findIn(program, /^\s*export\s+default\b|\bas\s+default\b/));

rule("commands know nothing of the machine", () =>
  findIn(
    program.filter(({ file }) => file.startsWith("src/commands/")),
    /"node:|\bconsole\.|\bprocess\b/,
  ));

rule("only main.ts and its signal handler end the process", () =>
  findIn(
    program.filter(({ file }) => !["main.ts", "src/cli/streams.ts"].includes(file)),
    /\bprocess\.exit(Code)?\b/,
  ));

rule("only the command line reads the environment and prints", () =>
  findIn(
    program.filter(({ file }) => !file.startsWith("src/cli/")),
    /\bprocess\.(env|stdout|stderr|stdin)\b|\bconsole\./,
  ));

rule("one door to the terminal, which escapes what is unprintable", () => [
  ...findIn(
    program.filter(({ file }) => file !== "src/cli/streams.ts"),
    /\bprocess\.(stdout|stderr)\b|\bprocess\[|\bfs\.write(Sync)?\([012]\b/,
  ),
  ...findIn(
    program.filter(({ file }) =>
      !["streams", "progress", "state_colours"].map((name) => `src/cli/${name}.ts`).includes(file)
    ),
    /\bsteer\(/,
  ),
]);

rule("no test is left out by its own code", () =>
  findIn(
    tests.filter(({ file }) => file !== "test/architecture_test.ts"),
    /\b(test|it|describe)\.(only|todo)\b|\bonly:\s*true|\b(t|context)\.skip\(/,
  ));

rule("an open end names its issue", () =>
  [...sources, ...tests]
    .filter(({ file }) => file !== "test/architecture_test.ts")
    .flatMap(({ file, text }) => linesWith(text, /\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))/, file)));

rule(`no file of more than ${maxLines} lines`, () =>
  program
    .map(({ file, text }) => ({ file, lines: text.split("\n").length - 1 }))
    .filter(({ lines }) => lines > maxLines)
    .map(({ file, lines }) => `${file}: ${lines} lines`));

rule(
  `no function of more than ${maxFunctionLines} lines: what has a life is a class`,
  () =>
    program.flatMap(({ file, code }) =>
      Array.from(code.matchAll(/^(?:export )?(?:async )?function\*? (\w+)[^]*?\n\}$/gm))
        .map(([text, name]) => ({ name, lines: text.split("\n").length }))
        .filter(({ lines }) => lines > maxFunctionLines)
        .map(({ name, lines }) => `${file}: ${name} has ${lines} lines`)
    ),
);

rule(
  `no comment line of more than ${maxColumns} columns`,
  () =>
    everything.flatMap(({ file, text }) =>
      text.split("\n").flatMap((line, index) =>
        /^\s*(\/\/|\/?\*)/.test(line) && [...line].length > maxColumns
          ? [`${file}:${index + 1}: ${[...line].length} columns`]
          : []
      )
    ),
);

rule(
  "names are snake_case and say what is inside",
  () =>
    ["main.ts", "src", "platforms", "test", "scripts"]
      .flatMap((top) => filesIn(top, ""))
      .filter((file) => {
        const names = file.split("/").map((part) => part.split(".")[0]!);
        return names.some((name) => forbiddenNames.includes(name)) ||
          file.endsWith(".ts") && !names.every((name) => /^[a-z0-9_]+$/.test(name));
      }),
);

rule("no merge has left its marks", () => {
  const folders = ["docs", "examples", "packaging", "platforms", "scripts", "src", "templates"];
  const above = fs.readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isFile());
  return [...above.map(({ name }) => name), ...[...folders, "test"].flatMap((f) => filesIn(f, ""))]
    .flatMap((file) =>
      linesWith(fs.readFileSync(path.join(root, file), "utf8"), /(<{7}|>{7}) \w/, file)
    );
});

rule("every error of the catalog is used", () => {
  const users = program.filter(({ file }) => !file.startsWith("src/errors/"));
  return Object.keys(catalog)
    .filter((code) => !users.some((user) => user.code.includes(`"${code}"`)))
    .map((code) => `src/errors/catalog.ts: "${code}" is used nowhere`);
});

rule("every command is listed once", () => {
  const list = program.find(({ file }) => file === "src/commands/mod.ts");
  return program
    .filter(({ file, code }) =>
      file.startsWith("src/commands/") && /\bleaf(WithoutPlatform)?\(/.test(code)
    )
    .map(({ file }) => ({
      file,
      times: list?.imports.filter(({ target }) => target === file).length ?? 0,
    }))
    .filter(({ times }) => times !== 1)
    .map(({ file, times }) => `src/commands/mod.ts: lists ${file} ${times} times`);
});

rule("a command lies where its words lead", () => {
  const wordOf = (key: string) => key.split("|")[0]!.replaceAll("-", "_");
  const loaded = (load: CommandLoader) => /import\("\.\/(.+?)"\)/.exec(load.toString())?.[1];
  return ["hawser", "skupper", "jf"].map(commandsFor).flatMap(({ nouns, singles }) => [
    ...Object.entries(singles).map(([key, load]) => ({ file: `${wordOf(key)}.ts`, load })),
    ...Object.entries(nouns).flatMap(([noun, { verbs }]) =>
      Object.entries(verbs).map(([verb, load]) => ({
        file: `${wordOf(noun)}/${wordOf(verb)}.ts`,
        load,
      }))
    ),
  ])
    .filter(({ file, load }) => loaded(load) !== file)
    .map(({ file, load }) => `${file}: what is read is ${loaded(load)}`);
});

function rule(name: string, violations: () => string[]): void {
  test(name, () => {
    const found = violations();
    if (found.length > 0) assert.fail(`${name}\n${found.join("\n")}`);
  });
}

function each(keys: string[], allowed: string[]): Record<string, string[]> {
  return Object.fromEntries(keys.map((key) => [key, allowed]));
}

function foundations(...more: string[]): string[] {
  return ["src/errors", "src/resources", "src/platform", "src/wait", "src/runtime", ...more];
}

function filesIn(folder: string, ending = ".ts"): string[] {
  const full = path.join(root, folder);
  if (!fs.existsSync(full)) return [];
  if (fs.statSync(full).isFile()) return [folder];
  return fs.readdirSync(full, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .map((file) => file.replaceAll("\\", "/"))
    .sort();
}

function read(file: string): Source {
  const text = fs.readFileSync(path.join(root, file), "utf8");
  const code = withoutComments(text);
  return { file, isTest: file.endsWith("_test.ts"), text, code, imports: importsOf(file, code) };
}

function withoutComments(text: string): string {
  const stringOrComment =
    /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\/.*|\/\*[\s\S]*?\*\//g;
  return text.replace(
    stringOrComment,
    (part) => part.startsWith("/") ? part.replaceAll(/[^\n]/g, " ") : part,
  );
}

function importsOf(file: string, code: string): Import[] {
  const statement = /^[ \t]*(?:import|export)\b(?:[^"';=(]*?\bfrom)?\s*"([^"]+)"/gm;
  const call = /\bimport\(\s*(?:"([^"]+)")?/g;
  const found = (match: RegExpExecArray, lazy: boolean) => ({
    line: code.slice(0, match.index + match[0].length).split("\n").length,
    target: resolve(file, match[1] ?? "(computed)"),
    lazy,
  });
  return [
    ...Array.from(code.matchAll(statement), (match) => found(match, false)),
    ...Array.from(code.matchAll(call), (match) => found(match, true)),
  ];
}

function resolve(file: string, specifier: string): string {
  return specifier.startsWith(".")
    ? path.posix.join(path.posix.dirname(file), specifier)
    : specifier;
}

function isOurs(target: string): boolean {
  return /^(main\.ts|deno\.json|(src|platforms|test|scripts)\/)/.test(target);
}

function isWithin(file: string, folder: string): boolean {
  return file === folder || file.startsWith(`${folder}/`);
}

/** The longest key of the table that the file is, or lies in. */
function keyFor(file: string, keys: string[]): string | undefined {
  return keys.filter((key) => isWithin(file, key)).sort((a, b) => b.length - a.length)[0];
}

function findIn(files: Source[], pattern: RegExp): string[] {
  return files.flatMap(({ file, code }) => linesWith(code, pattern, file));
}

function linesWith(text: string, pattern: RegExp, file: string): string[] {
  return text.split("\n").flatMap((line, index) =>
    pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : []
  );
}
