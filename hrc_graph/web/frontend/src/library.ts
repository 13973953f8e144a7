// The questions beside the editor: searched as one types, filled into the editor with their blanks as fields.
import { el, part } from "./dom";
import { say } from "./page";

interface Parameter {
  name: string;
  default: string | null;
  description: string;
  choices: { value: string; label: string; iri?: string }[] | null;
}

const LONG = 40;

/** Let the list of questions fill the editor. */
export function library(fill: (text: string) => void, failed: (message: string) => void): void {
  const list = part("questions");
  const search = part<HTMLInputElement>("find-question");
  const fields = part("blanks");
  const none = part("no-question");
  part("find-question-row").hidden = false;
  search.addEventListener("input", () => {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const item of list.querySelectorAll("li")) {
      const words = `${item.textContent} ${item.dataset.words}`.toLowerCase();
      item.hidden = !wanted.every((word) => words.includes(word));
      if (!item.hidden) found += 1;
    }
    none.textContent = found ? "" : say("No question has all these words.");
  });
  list.addEventListener("click", (event) => {
    const anchor = (event.target as Element).closest("a");
    if (!anchor || (event as MouseEvent).ctrlKey || (event as MouseEvent).metaKey || (event as MouseEvent).shiftKey) return;
    event.preventDefault();
    list.querySelector("[aria-current]")?.removeAttribute("aria-current");
    anchor.setAttribute("aria-current", "true");
    void open(new URL(anchor.href).pathname, anchor.textContent ?? "").catch(() => failed(say("The question could not be fetched.")));
  });

  async function open(path: string, title: string): Promise<void> {
    const response = await fetch(`${path}/parameters`);
    const parameters: Parameter[] = await response.json();
    const current = (parameter: Parameter): string => parameter.default ?? parameter.choices?.[0]?.value ?? "";
    const given = new Map(parameters.map((parameter) => [parameter.name, current(parameter)]));
    const text = async (): Promise<void> => {
      const bound = await fetch(`${path}/text?${new URLSearchParams([...given].filter(([, value]) => value))}`);
      if (bound.ok) fill(await bound.text());
      else failed(String((await bound.json()).title));
    };
    fields.replaceChildren(
      el("p", {}, el("strong", {}, title), " ", el("a", { href: path }, say("About this question"))),
      ...parameters.map((parameter) => field(parameter, given.get(parameter.name) ?? "", (value) => {
        given.set(parameter.name, value);
        void text();
      })));
    fields.hidden = false;
    await text();
  }
}

function field(parameter: Parameter, now: string, changed: (value: string) => void): HTMLElement {
  const id = `blank-${parameter.name}`;
  const label = el("label", { for: id }, parameter.description || parameter.name);
  const choices = parameter.choices ?? [];
  if (choices.length && choices.length <= LONG) {
    const known = choices.some((each) => each.value === now || each.iri === now);
    const select = el("select", { id, change: () => changed(select.value) },
      known ? null : el("option", { value: now, selected: true }, now),
      ...choices.map((each) => el("option", { value: each.value, selected: each.value === now || each.iri === now }, each.label)));
    return el("div", {}, label, select);
  }
  const input = el("input", { id, value: now, list: choices.length ? `${id}-choices` : false, change: () => changed(input.value) });
  const offered = choices.map((each) => el("option", { value: each.value }, each.label));
  return el("div", {}, label, input, choices.length ? el("datalist", { id: `${id}-choices` }, ...offered) : null);
}
