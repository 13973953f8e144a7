// Queries of this reader, kept in this browser only while they ask for it.
import { cut, el, part } from "./dom";

const KEY = "hrc-recent-queries";
const MOST = 20;

/** Shows what is kept; gives a function that keeps one more. */
export function recent(fill: (text: string) => void): (query: string) => void {
  const keep = part<HTMLInputElement>("keep-recent");
  const list = part("recent");
  part("recent-part").hidden = false;

  function read(): string[] | null {
    try {
      const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "null");
      return Array.isArray(kept) ? kept.filter((each) => typeof each === "string") : null;
    } catch {
      return null;
    }
  }
  function write(queries: string[] | null): void {
    try {
      if (queries) localStorage.setItem(KEY, JSON.stringify(queries));
      else localStorage.removeItem(KEY);
    } catch {
      keep.checked = false; // this browser keeps nothing
    }
    show();
  }
  function show(): void {
    const queries = read() ?? [];
    list.replaceChildren(...queries.map((query) => {
      const plain = query.replace(/^\s*(PREFIX|BASE)\b.*$|^\s*#.*$/gim, "").replace(/\s+/g, " ").trim();
      return el("li", {}, el("button", { type: "button", class: "second", click: () => fill(query) }, cut(plain || query, 90)));
    }));
  }

  keep.checked = read() !== null;
  keep.addEventListener("change", () => write(keep.checked ? [] : null));
  show();
  return (query) => {
    if (keep.checked) write([query, ...(read() ?? []).filter((each) => each !== query)].slice(0, MOST));
  };
}
