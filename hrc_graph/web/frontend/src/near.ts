// A government's neighbourhood as a graph, from the rows of the table that the server made: whoever it shares texts with.
import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY } from "d3-force";
import type { SimulationLinkDatum, SimulationNodeDatum } from "d3-force";
import { cut, drawing, el, part, svg } from "./dom";

interface Node extends SimulationNodeDatum {
  name: string;
  href: string;
  kind: "here" | "government" | "shared";
}

const [WIDTH, HEIGHT, STEPS, LENGTH] = [900, 520, 300, 30];
const place = part<HTMLElement>("near");
const here: Node = { name: place.dataset["here"] ?? "", href: "", kind: "here", fx: WIDTH / 2, fy: HEIGHT / 2 };
const nodes = new Map<string, Node>([["", here]]);
const links: SimulationLinkDatum<Node>[] = [];

function node(link: HTMLAnchorElement, kind: Node["kind"]): Node {
  const href = link.getAttribute("href") ?? "";
  const known = nodes.get(href);
  if (known) return known;
  const made: Node = { name: link.textContent ?? "", href, kind };
  nodes.set(href, made);
  return made;
}

for (const row of place.closest("section")?.querySelectorAll<HTMLTableRowElement>("tbody tr") ?? []) {
  const [first, last] = [row.cells[0]?.querySelector("a"), row.cells[row.cells.length - 1]];
  if (!first || !last) continue;
  const other = node(first, "government");
  for (const link of last.querySelectorAll("a")) {
    const text = node(link, "shared");
    if (!links.some((each) => each.target === text && each.source === here)) links.push({ source: here, target: text });
    links.push({ source: text, target: other });
  }
}

const all = [...nodes.values()];
forceSimulation(all)
  .force("links", forceLink(links).distance(110))
  .force("apart", forceManyBody().strength(-700))
  .force("room", forceCollide(30))
  .force("x", forceX(WIDTH / 2).strength(0.06))
  .force("y", forceY(HEIGHT / 2).strength(0.16))
  .stop()
  .tick(STEPS);

const at = (each: unknown): [number, number] => [(each as Node).x ?? 0, (each as Node).y ?? 0];
const [xs, ys] = [all.map((each) => at(each)[0]), all.map((each) => at(each)[1])];
const [left, top] = [Math.min(...xs) - 290, Math.min(...ys) - 26];
const [width, height] = [Math.max(...xs) + 290 - left, Math.max(...ys) + 26 - top];
const made = drawing(width, height, place.dataset["name"] ?? "", "graph",
  ...links.map((each) => {
    const [[x1, y1], [x2, y2]] = [at(each.source), at(each.target)];
    return svg("g", { class: "edge" }, svg("line", { x1, y1, x2, y2 }));
  }),
  ...all.map((each) => {
    const [x, y] = at(each);
    const right = each.kind === "here" || x >= WIDTH / 2; // a name stands on the outer side
    const shape = each.kind === "shared"
      ? svg("rect", { class: "shared", x: x - 7, y: y - 7, width: 14, height: 14, rx: 2 })
      : svg("circle", { class: each.kind, cx: x, cy: y, r: each.kind === "here" ? 11 : 8 });
    const parts = [svg("title", {}, each.name), shape, svg("text", { x: x + (right ? 14 : -14), y: y + 5, "text-anchor": right ? "start" : "end" }, cut(each.name, LENGTH))];
    return each.href ? svg("a", { href: each.href }, ...parts) : svg("g", {}, ...parts);
  }));
made.querySelector("svg")?.setAttribute("viewBox", [left, top, width, height].map((each) => each.toFixed(0)).join(" "));
if (links.length) {
  place.append(made, el("figcaption", {}, place.dataset["lead"]));
  place.hidden = false;
}
