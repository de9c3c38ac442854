/** A step of a path: from values to what is found in them. */
export type Step =
  | { kind: "field"; names: string[] }
  | { kind: "all" }
  | { kind: "below" }
  | { kind: "slice"; from: number | undefined; to: number | undefined; by: number }
  | { kind: "indexes"; indexes: number[] }
  | { kind: "filter"; left: Operand; operator: string | undefined; right: Operand | undefined };

/** Where values are looked for: from the root (`$`), or from the current value. */
export interface Path {
  isFromRoot: boolean;
  steps: Step[];
}

/** A side of a comparison. */
export type Operand = { path: Path } | { value: string | number | boolean | null };

/** A part of a template. */
export type Part =
  | { kind: "text"; text: string }
  | { kind: "path"; path: Path }
  | { kind: "range"; path: Path; parts: Part[] };

/** What is wrong with a template: the message goes on from "it must be a template". */
export class TemplateFault extends Error {}

const operators = ["==", "!=", "<=", ">=", "<", ">"];

/**
 * Reads a template in kubectl's dialect of JSONPath: text, `{.a.b}`, `{.a[0]}`, `{.a[*]}`,
 * `{.a[1:3]}`, `{.a['b']}`, `{..a}`, `{.a[?(@.b=="c")]}`, `{"\n"}`, and `{range .a}…{end}`.
 * Throws `TemplateFault`.
 */
export function parseTemplate(text: string): Part[] {
  const reader = new TemplateReader(text);
  const parts = reader.parts();
  if (!text.includes("{")) throw new TemplateFault("with braces, such as {.a.b}");
  return parts;
}

class TemplateReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parts(isInRange = false): Part[] {
    const parts: Part[] = [];
    while (this.#at < this.#text.length) {
      const literal = this.#match(/[^{]+/y);
      if (literal !== undefined) {
        parts.push({ kind: "text", text: literal });
        continue;
      }
      this.#expect("{");
      this.#skipSpace();
      while (!this.#take("}")) {
        if (this.#at >= this.#text.length) this.#expect("}");
        if (this.#match(/end\b/y) !== undefined) {
          this.#skipSpace();
          this.#expect("}");
          if (!isInRange) throw new TemplateFault("without an {end} that ends no range");
          return parts;
        }
        parts.push(this.#part());
        this.#skipSpace();
      }
    }
    if (isInRange) throw new TemplateFault("with an {end} for each range");
    return parts;
  }

  #part(): Part {
    const text = this.#quoted();
    if (text !== undefined) return { kind: "text", text };
    if (this.#match(/range\s+/y) === undefined) return { kind: "path", path: this.#path() };
    const path = this.#path();
    this.#skipSpace();
    this.#expect("}");
    // the braces of the range are closed here, those of its end in `parts`
    const parts = this.parts(true);
    this.#at -= 1;
    return { kind: "range", path, parts };
  }

  #path(): Path {
    const began = this.#at;
    const start = this.#match(/[$@]/y);
    const steps: Step[] = [];
    for (;;) {
      if (this.#take("..")) steps.push({ kind: "below" }, ...this.#fieldAfterDots());
      else if (this.#take(".")) steps.push(...this.#field());
      else if (this.#take("[")) steps.push(this.#bracket());
      else break;
    }
    if (this.#at === began) throw this.#unreadable();
    return { isFromRoot: start === "$", steps };
  }

  #fieldAfterDots(): Step[] {
    return /[[}\s]/.test(this.#text[this.#at] ?? "}") ? [] : this.#field();
  }

  #field(): Step[] {
    if (this.#take("*")) return [{ kind: "all" }];
    const name = this.#match(/(?:\\.|[^\s.,[\]{}()$@*'"=<>!?:\\])+/y);
    if (name !== undefined) return [{ kind: "field", names: [name.replaceAll(/\\(.)/g, "$1")] }];
    // `{.}` is the value itself, as `{.[0]}` begins with it
    if (/[[}\s)]/.test(this.#text[this.#at] ?? "")) return [];
    throw this.#unreadable();
  }

  #bracket(): Step {
    this.#skipSpace();
    if (this.#take("?(")) {
      const filter = this.#filter();
      this.#expect(")");
      this.#expect("]");
      return filter;
    }
    if (this.#take("*")) return this.#closed({ kind: "all" });
    const name = this.#quoted();
    if (name !== undefined) {
      return this.#closed({ kind: "field", names: [name, ...this.#further(() => this.#quoted())] });
    }
    const slice = this.#match(/-?\d*:-?\d*(?::\d+)?/y);
    if (slice !== undefined) {
      const [from, to, by] = slice.split(":").map((part) => part === "" ? undefined : Number(part));
      if (by === 0) throw new TemplateFault("with a step of 1 or more");
      return this.#closed({ kind: "slice", from, to, by: by ?? 1 });
    }
    const index = this.#index();
    if (index === undefined) throw this.#unreadable();
    const indexes = [index, ...this.#further(() => this.#index())];
    return this.#closed({ kind: "indexes", indexes });
  }

  #filter(): Step {
    this.#skipSpace();
    const left = this.#operand();
    this.#skipSpace();
    const operator = operators.find((each) => this.#take(each));
    this.#skipSpace();
    const right = operator === undefined ? undefined : this.#operand();
    this.#skipSpace();
    return { kind: "filter", left, operator, right };
  }

  #operand(): Operand {
    const text = this.#quoted();
    if (text !== undefined) return { value: text };
    const word = this.#match(/true\b|false\b|null\b|-?\d+(?:\.\d+)?/y);
    return word === undefined ? { path: this.#path() } : { value: JSON.parse(word) };
  }

  #index(): number | undefined {
    const digits = this.#match(/-?\d+/y);
    return digits === undefined ? undefined : Number(digits);
  }

  /** What stands behind commas. */
  #further<T>(read: () => T | undefined): T[] {
    const found: T[] = [];
    for (this.#skipSpace(); this.#take(","); this.#skipSpace()) {
      this.#skipSpace();
      const one = read();
      if (one === undefined) throw this.#unreadable();
      found.push(one);
    }
    return found;
  }

  #closed(step: Step): Step {
    this.#skipSpace();
    this.#expect("]");
    return step;
  }

  /** A text in quotes, with Go's escapes of line ends and tabs. */
  #quoted(): string | undefined {
    const quoted = this.#match(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/ys);
    const named: Record<string, string> = { n: "\n", t: "\t", r: "\r" };
    return quoted?.slice(1, -1).replaceAll(/\\(.)/gs, (_, each) => named[each] ?? each);
  }

  #match(sticky: RegExp): string | undefined {
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #expect(text: string): void {
    if (this.#take(text)) return;
    throw this.#at >= this.#text.length
      ? new TemplateFault(`with a ${text} at its end`)
      : this.#unreadable();
  }

  #skipSpace(): void {
    this.#match(/\s+/y);
  }

  #unreadable(): TemplateFault {
    const rest = this.#text.slice(this.#at, this.#at + 20);
    return rest === "" ? new TemplateFault("whole: it ends too early") : new TemplateFault(
      `of kubectl's, which does not have ${JSON.stringify(rest)} there`,
    );
  }
}
