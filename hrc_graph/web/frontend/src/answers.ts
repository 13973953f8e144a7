// Asks the endpoint, and reads what it answers: a table as JSON, a graph as N-Triples.
import type { Term } from "./terms";

export type Row = (Term | null)[];

export interface Answer {
  query: string;
  names: string[];
  rows: Row[];
  isGraph: boolean;
  snapshot: string;
  /** The release that answered, or that the live data are. */
  release: string;
  seconds: number;
}

/** What the endpoint says is wrong. */
export class Problem extends Error {
  constructor(message: string, readonly hint = "", readonly line = 0, readonly column = 0) {
    super(message);
  }
}

/** Where a release, or the live data, are asked. */
export const endpoint = (release: string): string => (release ? `/releases/${encodeURIComponent(release)}/sparql` : "/sparql");

/** The answer to a query. Throws `Problem`; when it is aborted the server stops too. */
export async function ask(query: string, release: string, signal: AbortSignal): Promise<Answer> {
  const started = performance.now();
  const response = await fetch(endpoint(release), {
    method: "POST",
    headers: { Accept: "application/sparql-results+json, application/n-triples" },
    body: new URLSearchParams({ query }),
    signal,
  });
  const body = await response.text();
  if (!response.ok) throw problem(body, response);
  const isGraph = (response.headers.get("Content-Type") ?? "").startsWith("application/n-triples");
  const { names, rows } = isGraph ? graph(body) : table(body);
  return {
    query, names, rows, isGraph,
    snapshot: response.headers.get("X-Snapshot") ?? "",
    release: response.headers.get("X-Release") ?? "",
    seconds: (performance.now() - started) / 1000,
  };
}

function problem(body: string, response: Response): Problem {
  try {
    const told = JSON.parse(body);
    return new Problem(String(told.title), String(told.detail ?? ""), Number(told.line ?? 0), Number(told.column ?? 0));
  } catch {
    return new Problem(`${response.status} ${response.statusText}`);
  }
}

function table(body: string): { names: string[]; rows: Row[] } {
  const told = JSON.parse(body);
  if (typeof told.boolean === "boolean") return { names: ["answer"], rows: [[literal(told.boolean ? "true" : "false")]] };
  const names: string[] = told.head.vars;
  const rows = told.results.bindings.map((binding: Record<string, unknown>) =>
    // A variable may be called as a property that every object has.
    names.map((each) => (Object.hasOwn(binding, each) ? term(binding[each]) : null)));
  return { names, rows };
}

// What JSON holds may be anything; here it becomes text.
function term(told: any): Term {
  if (told.type === "triple") {
    const { subject, predicate, object } = told.value;
    const text = [subject, predicate, object].map((each) => term(each).value).join(" ");
    return { type: "triple", value: `⟪ ${text} ⟫`, language: "", datatype: "" };
  }
  return {
    type: String(told.type), value: String(told.value),
    language: String(told["xml:lang"] ?? ""), datatype: String(told.datatype ?? ""),
  };
}

const literal = (value: string): Term => ({ type: "literal", value, language: "", datatype: "" });

const TRIPLE = /^(.+?) (<[^>]*>) (.+) \.$/;
const LITERAL = /^"((?:[^"\\]|\\.)*)"(?:@([A-Za-z0-9-]+)|\^\^<([^>]*)>)?$/;
const ESCAPES: Record<string, string> = { t: "\t", b: "\b", n: "\n", r: "\r", f: "\f" };

function graph(body: string): { names: string[]; rows: Row[] } {
  const rows: Row[] = [];
  for (const line of body.split("\n")) {
    const found = TRIPLE.exec(line);
    if (found) rows.push([found[1], found[2], found[3]].map((each) => node(each ?? "")));
  }
  return { names: ["subject", "predicate", "object"], rows };
}

function node(text: string): Term {
  if (text.startsWith("<<")) return { type: "triple", value: text, language: "", datatype: "" };
  if (text.startsWith("<")) return { type: "uri", value: unescaped(text.slice(1, -1)), language: "", datatype: "" };
  const found = LITERAL.exec(text);
  if (!found) return { type: "bnode", value: text, language: "", datatype: "" };
  return { type: "literal", value: unescaped(found[1] ?? ""), language: found[2] ?? "", datatype: found[3] ?? "" };
}

function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/g, (_, four, eight, one) =>
    one ? (ESCAPES[one] ?? one) : String.fromCodePoint(parseInt(four ?? eight, 16)));
}
