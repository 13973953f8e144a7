// What the server tells the page: prefixes, the base of IRIs, words in the reader's language.
import { part } from "./dom";

interface About {
  base: string;
  project: string;
  prefixes: Record<string, string>;
  land: string;
  words: Record<string, string>;
}

export const about: About = JSON.parse(part("about").textContent ?? "{}");
export const language = document.documentElement.lang || "en";

/** A sentence in the reader's language, its {blanks} filled. */
export function say(text: string, values: Record<string, string | number> = {}): string {
  return (about.words[text] ?? text).replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name] ?? "";
    return typeof value === "number" ? value.toLocaleString(language) : value;
  });
}
