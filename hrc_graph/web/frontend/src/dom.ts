// Elements made node by node: no text of an answer is ever read as markup.

type Attributes = Record<string, string | number | boolean | ((event: Event) => void)>;
type Child = Node | string | null | undefined;

function fill(made: Element, attributes: Attributes, children: Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false) made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
}

/** An HTML element with attributes (a function is a listener) and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  name: K, attributes: Attributes = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  fill(made, attributes, children);
  return made;
}

/** An SVG element, likewise. */
export function svg<K extends keyof SVGElementTagNameMap>(
  name: K, attributes: Attributes = {}, ...children: Child[]
): SVGElementTagNameMap[K] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  fill(made, attributes, children);
  return made;
}

/** A drawing of that size with its accessible name; what it holds may be links. On a narrow screen it scrolls. */
export function drawing(width: number, height: number, name: string, kind: string, ...children: Child[]): HTMLElement {
  const made = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": name, class: `plot plot-${kind}` }, ...children);
  return el("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": name }, made);
}

/** A part of the page that the server made. */
export function part<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as T;
}

/** A text cut to a length. */
export function cut(text: string, length: number): string {
  return text.length > length ? text.slice(0, length - 1) + "…" : text;
}
