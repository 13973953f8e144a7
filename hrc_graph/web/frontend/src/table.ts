// An answer as a table: sorted, filtered, a page at a time.
import { el } from "./dom";
import { language, say } from "./page";
import { isIri, labels, link, number, short, type Term } from "./terms";
import type { Answer, Row } from "./answers";

const PAGE = 100;
const collator = new Intl.Collator(language, { numeric: true, sensitivity: "base" });

function compare(one: Term | null, other: Term | null): number {
  if (!one || !other) return Number(!one) - Number(!other);
  const [first, second] = [number(one), number(other)];
  if (first !== null && second !== null) return first - second;
  return collator.compare(one.value, other.value);
}

/** The table; names of things come in as they are found. */
export function table(answer: Answer, release: string, signal: AbortSignal): HTMLElement {
  const shown = { rows: answer.rows, page: 0, column: -1, up: true };
  const numeric = answer.names.map((_, at) => answer.rows.slice(0, PAGE).some((row) => number(row[at] ?? null) !== null));
  const body = el("tbody");
  const heads = answer.names.map((name, at) => {
    const button = el("button", { type: "button", class: "sort", click: () => sort(at) }, name.replaceAll("_", " "));
    return el("th", { scope: "col", class: numeric[at] ? "number" : "" }, button);
  });
  const where = el("span", { role: "status" });
  const before = el("button", { type: "button", class: "second", click: () => turn(-1) }, say("Previous"));
  const after = el("button", { type: "button", class: "second", click: () => turn(1) }, say("Next"));
  const filter = el("input", { type: "search", id: "filter", input: () => sift(filter.value) });
  const scroll = el("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": say("Answer") },
    el("table", {}, el("thead", {}, el("tr", {}, ...heads)), body));

  function sort(column: number): void {
    shown.up = shown.column === column ? !shown.up : true;
    shown.column = column;
    heads.forEach((head, at) => (at === column ? head.setAttribute("aria-sort", shown.up ? "ascending" : "descending") : head.removeAttribute("aria-sort")));
    shown.rows = shown.rows.toSorted((one, other) => compare(one[column] ?? null, other[column] ?? null) * (shown.up ? 1 : -1));
    turn(-shown.page);
  }

  function sift(text: string): void {
    const wanted = text.trim().toLowerCase();
    shown.rows = answer.rows.filter((row) => row.some((term) => term?.value.toLowerCase().includes(wanted)) || !wanted);
    if (shown.column >= 0) {
      shown.up = !shown.up;
      sort(shown.column);
    } else turn(-shown.page);
  }

  function turn(by: number): void {
    shown.page += by;
    const start = shown.page * PAGE;
    const rows = shown.rows.slice(start, start + PAGE);
    const links: [HTMLElement, string][] = [];
    body.replaceChildren(...rows.map((row) => el("tr", {}, ...answer.names.map((_, at) => cell(row[at] ?? null, links)))));
    where.textContent = say("Rows {first} to {last} of {all}", {
      first: rows.length ? start + 1 : 0, last: start + rows.length, all: shown.rows.length,
    });
    before.disabled = shown.page === 0;
    after.disabled = start + PAGE >= shown.rows.length;
    before.hidden = after.hidden = shown.rows.length <= PAGE;
    void named(links, release, signal);
  }

  turn(0);
  return el("div", {},
    el("div", { class: "actions" },
      el("div", {}, el("label", { for: "filter" }, say("Filter the rows")), filter), where, before, after),
    scroll);
}

/** Put the names of things in the place of their short names, which stay beside them. */
async function named(links: [HTMLElement, string][], release: string, signal: AbortSignal): Promise<void> {
  try {
    const found = await labels(links.map(([, iri]) => iri), release, signal);
    for (const [anchor, iri] of links) {
      const label = found.get(iri);
      if (!label || label === anchor.textContent) continue;
      anchor.textContent = label;
      anchor.after(" ", el("code", { class: "quiet" }, short(iri)));
    }
  } catch {
    // The short names stand; the answer is whole without the others.
  }
}

function cell(term: Term | null, links: [HTMLElement, string][]): HTMLTableCellElement {
  if (!term) return el("td");
  if (isIri(term)) {
    const anchor = link(term.value, short(term.value));
    links.push([anchor, term.value]);
    return el("td", {}, anchor);
  }
  const value = number(term);
  if (value !== null) return el("td", { class: "number", title: term.value }, Number.isInteger(value) ? term.value : String(value));
  if (!term.language) return el("td", {}, term.value);
  return el("td", {}, el("span", { lang: term.language }, term.value), " ", el("small", { class: "quiet" }, term.language));
}

/** Which rows a drawing shows when there are too many, and the sentence that says so. */
export function first(rows: Row[], most: number): [Row[], HTMLElement | null] {
  if (rows.length <= most) return [rows, null];
  return [rows.slice(0, most), el("p", { class: "quiet" }, say("The first {some} of {all} rows are drawn.", { some: most, all: rows.length }))];
}
