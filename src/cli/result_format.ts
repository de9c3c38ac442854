import { appError } from "../errors/app_error.ts";
import type { Part } from "./jsonpath/template.ts";
import type { OutputFormat } from "./options.ts";
import { renderData } from "./output.ts";
import { resourceNames } from "./resource_names.ts";

/** How a result is printed: what `-o` says. */
export interface ResultFormat {
  kind: "text" | "wide" | "drawing" | "json" | "yaml" | "name" | "jsonpath";
  /** How stderr is worded: for programs where stdout is. */
  messages: OutputFormat;
  /** True where a person reads the result. */
  isForPeople: boolean;
  /** The name of the drawing. */
  drawing?: string;
  template?: Part[];
}

/** The forms that a result has. */
export interface ResultForms {
  text(): string | Promise<string>;
  wide(): string | Promise<string>;
  drawing(name: string): string;
  data(): unknown;
  /** Undefined where its data say it. */
  names(): unknown[] | undefined;
}

const jsonpathPrefix = "jsonpath=";

/** The format that the value of `-o` names. Throws `invalid-value` of a template. */
export async function readResultFormat(
  output: string,
  drawings: readonly string[],
): Promise<ResultFormat> {
  if (drawings.includes(output)) {
    return { kind: "drawing", drawing: output, messages: "text", isForPeople: true };
  }
  switch (output) {
    case "json":
    case "yaml":
      return { kind: output, messages: output, isForPeople: false };
    case "name":
      return { kind: output, messages: "text", isForPeople: false };
    case "wide":
      return { kind: output, messages: "text", isForPeople: true };
  }
  if (!output.startsWith(jsonpathPrefix)) {
    return { kind: "text", messages: "text", isForPeople: true };
  }
  const { parseTemplate, TemplateFault } = await import("./jsonpath/template.ts");
  try {
    const template = parseTemplate(output.slice(jsonpathPrefix.length));
    return { kind: "jsonpath", messages: "text", isForPeople: false, template };
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error;
    throw appError("invalid-value", {
      name: "--output",
      value: output,
      wanted: `a template ${error.message}`,
    });
  }
}

/** What stdout gets of a result; `""` where that is nothing. */
export async function renderResult(format: ResultFormat, forms: ResultForms): Promise<string> {
  switch (format.kind) {
    case "text":
      return await forms.text();
    case "wide":
      return await forms.wide();
    case "drawing":
      return forms.drawing(format.drawing ?? "");
    case "json":
    case "yaml":
      return await renderData(await forms.data(), format.kind);
    case "name": {
      const names = forms.names() ?? resourceNames(await forms.data());
      return names.map((name) => `${name}\n`).join("");
    }
    case "jsonpath": {
      const data = await forms.data();
      if (data === undefined) return "";
      const { fillTemplate } = await import("./jsonpath/fill.ts");
      // what is printed is what JSON has: dates as text, and nothing that is undefined
      return fillTemplate(format.template ?? [], JSON.parse(JSON.stringify(data)));
    }
  }
}
