// Completes prefixes, terms of the data by name or label, variables and words of SPARQL; declares the prefixes used.
import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import type { ChangeSpec } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import { el } from "./dom";
import { about, language, say } from "./page";

interface TermOfData {
  name: string;
  kind: "class" | "property" | "concept";
  label: string;
  note: string;
  count: number;
}

const WORDS = (
  "SELECT DISTINCT WHERE FILTER OPTIONAL UNION MINUS GRAPH BIND VALUES EXISTS NOT GROUP ORDER BY HAVING LIMIT OFFSET ASK " +
  "CONSTRUCT DESCRIBE PREFIX COUNT SUM MIN MAX AVG SAMPLE GROUP_CONCAT STR LANG LANGMATCHES DATATYPE BOUND COALESCE IF " +
  "CONTAINS STRSTARTS STRENDS REGEX REPLACE CONCAT SUBSTR UCASE LCASE YEAR MONTH DAY AS ASC DESC IN"
).split(" ");
const MOST = 60;
/** Strings, IRIs and comments, which hold no names; else a prefixed name, its prefix by itself. */
const TOKENS = /"""[^]*?"""|'''[^]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|<[^<>"{}|^`\\\s]*>|#[^\n]*|[?$]\w+|([A-Za-z][\w.-]*):/g;
const DECLARED = /\bPREFIX\s+([A-Za-z][\w.-]*)?:/gi;

let terms: Promise<TermOfData[]> | undefined;

/** The classes, properties and concepts of the data, asked for once. */
function known(): Promise<TermOfData[]> {
  terms ??= fetch(`/sparql/terms?lang=${encodeURIComponent(language)}`).then(async (response) => {
    return response.ok ? ((await response.json()).terms as TermOfData[]) : [];
  }).catch(() => []);
  return terms;
}

/** What declares the prefixes that a text uses and does not declare, as far as the project knows them. */
export function declarations(text: string): ChangeSpec | null {
  const declared = new Set([...text.matchAll(DECLARED)].map((found) => found[1]));
  const used = new Set([...text.matchAll(TOKENS)].map((found) => found[1]));
  const missing = [...used].filter((each) => each && !declared.has(each) && Object.hasOwn(about.prefixes, each));
  if (!missing.length) return null;
  // After the PREFIX lines that are there, else before the first line that is no comment.
  const at = [...text.matchAll(/^\s*(PREFIX|BASE)\b.*$/gim)].at(-1);
  const from = at ? at.index + at[0].length + 1 : (/^(\s*#.*\n)*/.exec(text)?.[0].length ?? 0);
  const lines = missing.map((each) => `PREFIX ${each}: <${about.prefixes[each ?? ""]}>\n`).join("");
  return from > text.length ? { from: text.length, insert: "\n" + lines } : { from, insert: lines };
}

function insert(view: EditorView, completion: Completion, from: number, to: number): void {
  view.dispatch({
    changes: { from, to, insert: completion.label }, selection: { anchor: from + completion.label.length },
    userEvent: "input.complete",
  });
  const added = declarations(view.state.doc.toString());
  if (added) view.dispatch({ changes: added });
}

function offered(term: TermOfData): Completion {
  const facts = [short(term), term.label, term.note, say("Uses in the data: {count}", { count: term.count })];
  return {
    label: term.name, detail: term.label, type: term.kind === "property" ? "property" : "class", apply: insert,
    info: () => el("div", {}, ...facts.filter(Boolean).map((each) => el("p", {}, each))),
  };
}

const short = (term: TermOfData): string =>
  ({ class: say("Class"), property: say("Property"), concept: say("Concept") })[term.kind];

/** What fits where the cursor stands. */
export async function complete(context: CompletionContext): Promise<CompletionResult | null> {
  const text = context.state.doc.toString();
  const inside = [...text.matchAll(TOKENS)].find(
    (token) => /^["'<#]/.test(token[0]) && token.index < context.pos && context.pos < token.index + token[0].length + Number(token[0][0] === "#"));
  const line = context.state.doc.lineAt(context.pos);
  if (inside || /<[^<>"{}|^`\s]*$/.test(line.text.slice(0, context.pos - line.from))) return null;
  const declaring = /\bPREFIX\s+([\w.-]*):?$/i.exec(line.text.slice(0, context.pos - line.from));
  if (declaring) {
    const options = Object.entries(about.prefixes).map(([prefix, iri]) => ({ label: `${prefix}: <${iri}>`, type: "namespace" }));
    return { from: context.pos - declaring[0].length + declaring[0].search(/[\w.-]*:?$/), options };
  }
  const variable = context.matchBefore(/[?$]\w*/);
  if (variable) {
    const names = new Set((text.slice(0, variable.from) + text.slice(context.pos)).match(/[?$]\w+/g));
    return { from: variable.from, options: [...names].sort().map((label) => ({ label, type: "variable" })), validFor: /^[?$]\w*$/ };
  }
  const word = context.matchBefore(/[\p{L}\w][\p{L}\w.-]*(:[\w.%-]*)?|:\w*/u);
  if (!context.explicit && (!word || (word.text.length < 2 && !word.text.includes(":")))) return null;
  const typed = (word?.text ?? "").toLowerCase();
  const byName = (each: TermOfData): number =>
    each.name.toLowerCase().startsWith(typed) ? 3
      : (each.name.split(":")[1] ?? "").toLowerCase().startsWith(typed) ? 2
        : `${each.label} ${each.name}`.toLowerCase().includes(typed) ? 1 : 0;
  const ranked = (await known()).map((term) => ({ term, rank: byName(term) })).filter(({ rank }) => rank);
  ranked.sort((one, other) => other.rank - one.rank || other.term.count - one.term.count);
  const words = typed.includes(":") ? [] : WORDS.filter((each) => each.toLowerCase().startsWith(typed));
  const prefixes = typed.includes(":") ? [] : Object.keys(about.prefixes).filter((each) => each.startsWith(typed));
  return {
    from: word?.from ?? context.pos, filter: false,
    options: [
      ...words.slice(0, typed ? 8 : 0).map((label) => ({ label, type: "keyword" })),
      ...prefixes.map((each) => ({ label: `${each}:`, detail: about.prefixes[each] ?? "", type: "namespace", apply: insert })),
      ...ranked.slice(0, MOST).map(({ term }) => offered(term)),
    ],
  };
}
