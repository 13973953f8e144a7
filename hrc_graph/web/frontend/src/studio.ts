// The page at /sparql: an editor where the text area is, the answer below it. Nothing is sent before one asks.
import { ask, endpoint, Problem, type Answer } from "./answers";
import { el, part } from "./dom";
import { editor } from "./editor";
import { library } from "./library";
import { say } from "./page";
import { recent } from "./recent";
import { views } from "./views";

const TABLES = [["csv", "CSV"], ["xlsx", "XLSX"], ["json", "JSON"], ["xml", "XML"], ["tsv", "TSV"]] as const;
const GRAPHS = [
  ["turtle", "Turtle"], ["ntriples", "N-Triples"], ["json-ld", "JSON-LD"], ["rdf+xml", "RDF/XML"], ["n3", "N3"],
  ["trig", "TriG"], ["nquads", "N-Quads"],
] as const;

const form = part<HTMLFormElement>("ask");
const area = part<HTMLTextAreaElement>("query");
const release = part<HTMLSelectElement>("release");
const cancelButton = part("cancel");
const permalink = part<HTMLAnchorElement>("permalink");
const linked = part("linked");
const status = part("status");
const place = part("answer");
let running: AbortController | null = null;
let shown = new AbortController();

const written = editor(part("editor"), area.value, changed, () => void run(), cancel);
const keep = recent(fill);
library(fill, (message) => wrong(new Problem(message)));

area.hidden = true;
part("format-row").hidden = true;
part("keys").hidden = false;
permalink.hidden = false;
form.querySelector("label[for=query]")?.addEventListener("click", () => written.focus());
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void run();
});
release.addEventListener("change", changed);
cancelButton.addEventListener("click", cancel);
permalink.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  void copy();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && cancel()) event.preventDefault();
});
changed();

function fill(text: string): void {
  written.fill(text);
  written.unmark();
}

/** The address of this page with the query; it opens and runs nothing. */
function link(): string {
  const asked = new URLSearchParams({ query: written.text() });
  if (release.value) asked.set("release", release.value);
  return `/sparql?${asked}`;
}

/** Put the link where it can be taken from; the answer stays. */
async function copy(): Promise<void> {
  history.replaceState(null, "", link());
  const copied = await navigator.clipboard?.writeText(permalink.href).then(() => true, () => false);
  linked.textContent = copied ? say("It is copied, and in the address bar.") : say("It is in the address bar.");
}

function changed(): void {
  linked.textContent = "";
  area.value = written.text();
  permalink.href = link();
}

function cancel(): boolean {
  if (!running) return false;
  running.abort();
  return true;
}

async function run(): Promise<void> {
  cancel();
  shown.abort();
  shown = new AbortController();
  const own = (running = new AbortController());
  const [query, of] = [written.text(), release.value];
  written.unmark();
  place.replaceChildren();
  form.setAttribute("aria-busy", "true");
  cancelButton.hidden = false;
  status.textContent = say("Running…");
  try {
    const answer = await ask(query, of, own.signal);
    if (running !== own) return;
    history.replaceState(null, "", link());
    keep(query);
    show(answer, of);
  } catch (error) {
    if (running !== own) return;
    if (own.signal.aborted) status.textContent = say("Cancelled.");
    else wrong(error);
  } finally {
    if (running === own) {
      running = null;
      cancelButton.hidden = true;
      form.removeAttribute("aria-busy");
    }
  }
}

function show(answer: Answer, of: string): void {
  const count = answer.rows.length;
  const told = [
    answer.isGraph ? say("Triples: {count}", { count }) : say("Rows: {count}", { count }),
    say("Time: {seconds} s", { seconds: Number(answer.seconds.toFixed(2)) }),
    say("Snapshot: {snapshot}", { snapshot: answer.snapshot }),
  ];
  if (answer.release) told.push(say("Release: {release}", { release: answer.release }));
  status.textContent = told.join(" · ");
  const formats = answer.isGraph ? GRAPHS : TABLES;
  const links = formats.map(([format, name]) => {
    const href = `${endpoint(of)}?${new URLSearchParams({ query: answer.query, format })}`;
    return el("li", {}, el("a", { href, download: "" }, name));
  });
  place.replaceChildren(
    views(answer, of, shown.signal),
    el("nav", { class: "downloads", "aria-label": say("Download the answer") }, el("strong", {}, say("Download the answer")), el("ul", { class: "chips" }, ...links)));
}

function wrong(error: unknown): void {
  const { message, hint, line, column } = error instanceof Problem ? error : new Problem(String(error));
  status.textContent = "";
  if (line) written.mark([message, hint].filter(Boolean).join("\n"), line, column);
  place.replaceChildren(el("div", { class: "problem", role: "alert" },
    el("p", {}, message), hint ? el("p", {}, hint) : null,
    line ? el("button", { type: "button", class: "second", click: () => written.goTo(line, column) },
      say("Go to line {line}, column {column}", { line, column })) : null));
}
