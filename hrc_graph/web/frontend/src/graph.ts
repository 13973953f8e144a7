// Triples of an answer as a graph: d3-force finds the places, once, and nothing moves after that.
import { forceCenter, forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY } from "d3-force";
import type { SimulationLinkDatum, SimulationNodeDatum } from "d3-force";
import { cut, drawing, el, svg } from "./dom";
import { say } from "./page";
import { address, isIri, name, type Term } from "./terms";
import type { Answer } from "./answers";

interface Node extends SimulationNodeDatum {
  term: Term;
  degree: number;
}
interface Edge extends SimulationLinkDatum<Node> {
  term: Term | null;
}

const [WIDTH, HEIGHT, MARGIN, NODES, STEPS, LABELLED] = [960, 640, 260, 150, 300, 60];

/** The graph of the columns that hold a subject, what is said, and an object. */
export function graph(answer: Answer, [subject, predicate, object]: [number, number, number]): HTMLElement {
  const nodes = new Map<string, Node>();
  const edges: Edge[] = [];
  let left = 0;
  const node = (term: Term): Node | null => {
    const found = nodes.get(term.value);
    if (found) return found;
    if (nodes.size >= NODES) return null;
    const made: Node = { term, degree: 0 };
    nodes.set(term.value, made);
    return made;
  };
  for (const row of answer.rows) {
    const [from, to] = [row[subject] ?? null, row[object] ?? null];
    if (!from || !to || !isNode(from) || !isNode(to)) continue;
    const [source, target] = [node(from), node(to)];
    if (!source || !target) {
      left += 1;
      continue;
    }
    source.degree += 1;
    target.degree += 1;
    edges.push({ source, target, term: row[predicate] ?? null });
  }
  const all = [...nodes.values()];
  forceSimulation(all)
    .force("links", forceLink<Node, Edge>(edges).distance(130))
    .force("apart", forceManyBody().strength(-600))
    .force("room", forceCollide(34))
    .force("x", forceX(WIDTH / 2).strength(0.05))
    .force("y", forceY(HEIGHT / 2).strength(0.08))
    .force("middle", forceCenter(WIDTH / 2, HEIGHT / 2))
    .stop()
    .tick(STEPS);
  const [xs, ys] = [all.map((each) => each.x ?? 0), all.map((each) => each.y ?? 0)];
  const [x, y] = [Math.min(...xs) - MARGIN, Math.min(...ys) - 30];
  const [width, height] = [Math.max(...xs) + MARGIN - x, Math.max(...ys) + 30 - y];
  const middle = x + width / 2;
  const at = (end: unknown): [number, number] => [(end as Node).x ?? 0, (end as Node).y ?? 0];
  const made = drawing(width, height, say("Graph of {nodes} things and {links} links", { nodes: all.length, links: edges.length }), "graph",
    ...edges.map((edge) => {
      const [[x1, y1], [x2, y2]] = [at(edge.source), at(edge.target)];
      const text = name(edge.term);
      return svg("g", { class: "edge" }, svg("line", { x1, y1, x2, y2 }, svg("title", {}, text)),
        edges.length <= LABELLED ? svg("text", { x: (x1 + x2) / 2, y: (y1 + y2) / 2, "text-anchor": "middle" }, cut(text, 24)) : null);
    }),
    ...all.map((each) => {
      const href = isIri(each.term) ? address(each.term.value) : "";
      const [size, right] = [Math.min(5 + each.degree, 14), (each.x ?? 0) >= middle]; // a name stands on the outer side
      const parts = [
        svg("circle", { cx: each.x ?? 0, cy: each.y ?? 0, r: size }, svg("title", {}, each.term.value)),
        svg("text", { x: (each.x ?? 0) + (right ? size + 4 : -size - 4), y: (each.y ?? 0) + 5, "text-anchor": right ? "start" : "end" }, cut(name(each.term), 32)),
      ];
      return href ? svg("a", { href }, ...parts) : svg("g", {}, ...parts);
    }));
  made.querySelector("svg")?.setAttribute("viewBox", [x, y, width, height].map((each) => each.toFixed(0)).join(" "));
  return el("div", {}, made,
    left ? el("p", { class: "quiet" }, say("Links beyond the first {nodes} things, not drawn: {count}", { nodes: NODES, count: left })) : null);
}

const isNode = (term: Term): boolean => term.type === "uri" || term.type === "bnode";
