// RDF terms as answers hold them, and how people read them.
import { about, language } from "./page";
import { ask, type Row } from "./answers";
import { el } from "./dom";

export interface Term {
  type: string;
  value: string;
  language: string;
  datatype: string;
}

const NUMBER = /#(integer|decimal|double|float|int|long|short|byte|(non)?(Positive|Negative)Integer|nonNegativeInteger|nonPositiveInteger|positiveInteger|negativeInteger|unsigned\w+)$/;
const LABELS_AT_ONCE = 100;

export const isIri = (term: Term | null): term is Term & { type: "uri" } => term?.type === "uri";

/** The number that a term is; null when it is none. */
export function number(term: Term | null): number | null {
  if (!term || !NUMBER.test(term.datatype)) return null;
  const value = Number(term.value);
  return Number.isFinite(value) ? value : null;
}

/** An IRI as people write it, such as gov:id-lahat; any other cut to its end. */
export function short(iri: string): string {
  for (const [prefix, namespace] of Object.entries(about.prefixes)) {
    if (iri.startsWith(namespace)) return `${prefix}:${iri.slice(namespace.length)}`;
  }
  return iri;
}

/** Where to read of an IRI: here, if it is ours; there, if it is a web address; else nowhere. */
export function address(iri: string): string {
  const ours = about.base + "id/";
  if (iri.startsWith(ours)) return "/" + iri.slice(about.base.length);
  if (["def/", "vocab/", "shape/"].some((each) => iri.startsWith(about.project + each))) {
    return "/" + iri.slice(about.project.length);
  }
  return /^https?:\/\//i.test(iri) ? iri : "";
}

/** A link to what an IRI names; plain text when a browser has nothing to open. */
export function link(iri: string, text: string): HTMLElement {
  const href = address(iri);
  if (!href) return el("span", { title: iri }, text);
  return href.startsWith("/")
    ? el("a", { href, title: iri }, text)
    : el("a", { href, title: iri, rel: "noopener noreferrer" }, text);
}

const known = new Map<string, string>();

/** The names of things in the reader's language, else in English, else in any: by IRI, as far as there are any. */
export async function labels(iris: Iterable<string>, release: string, signal: AbortSignal): Promise<Map<string, string>> {
  const missing = [...new Set(iris)].filter((iri) => !known.has(iri) && address(iri).startsWith("/"));
  for (let start = 0; start < missing.length; start += LABELS_AT_ONCE) {
    const some = missing.slice(start, start + LABELS_AT_ONCE).filter((iri) => !/[<>"{}|^`\\\s]/.test(iri));
    for (const iri of some) known.set(iri, "");
    const found = await ask(`PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> PREFIX dcterms: <http://purl.org/dc/terms/>
SELECT ?thing ?label WHERE { VALUES ?thing { ${some.map((iri) => `<${iri}>`).join(" ")} }
?thing skos:prefLabel|rdfs:label|dcterms:title ?label }`, release, signal);
    const rank = (row: Row): number => [language, "en", "id"].indexOf(row[1]?.language ?? "");
    const best = new Map<string, Row>();
    for (const row of found.rows) {
      const thing = row[0]?.value ?? "";
      const before = best.get(thing);
      const better = (rank(row) + 9) % 9 < (before ? (rank(before) + 9) % 9 : 99);
      if (better) best.set(thing, row);
    }
    for (const [iri, row] of best) known.set(iri, row[1]?.value ?? "");
  }
  return known;
}

/** The name of a term in a drawing: of an IRI the label, if it is known. */
export function name(term: Term | null): string {
  if (!term) return "";
  return isIri(term) ? known.get(term.value) || short(term.value) : term.value;
}
