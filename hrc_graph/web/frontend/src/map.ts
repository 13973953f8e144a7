// Points of an answer on a map of the land, without borders: Equal Earth projection (Šavrič, Patterson, Jenny 2018).
import { drawing, el, svg } from "./dom";
import { about, say } from "./page";
import { address, isIri, name } from "./terms";
import type { Answer, Row } from "./answers";
import type { Columns } from "./columns";

const [A1, A2, A3, A4] = [1.340264, -0.081106, 0.000893, 0.003796];
const HALF = Math.sqrt(3) / 2;
const [WIDTH, HEIGHT] = [960, 467];
const SCALE = WIDTH / 5.41;
let land: Promise<number[][]> | undefined;

function project([longitude, latitude]: [number, number]): [number, number] {
  const theta = Math.asin(HALF * Math.sin((latitude * Math.PI) / 180));
  const squared = theta * theta;
  const sixth = squared ** 3;
  const x = ((longitude * Math.PI) / 180) * Math.cos(theta) / (HALF * (A1 + 3 * A2 * squared + sixth * (7 * A3 + 9 * A4 * squared)));
  const y = theta * (A1 + A2 * squared + sixth * (A3 + A4 * squared));
  return [WIDTH / 2 + x * SCALE, HEIGHT / 2 - y * SCALE];
}

const shown = (numbers: [number, number]): string => numbers.map((each) => each.toFixed(1)).join(" ");

/** The map, and a switch between the world and where the points are. */
export async function map(answer: Answer, { point, texts }: Columns): Promise<HTMLElement> {
  land ??= fetch(about.land).then((response) => response.json());
  const path = (await land).map((ring) => {
    // A ring that crosses the date line goes on at the other edge; only Antarctica is closed along the map's foot.
    const crosses = (at: number): boolean => at > 0 && Math.abs(ring[2 * at]! - ring[2 * at - 2]!) > 180 && ring[2 * at + 1]! > -80;
    return Array.from({ length: ring.length / 2 }, (_, at) =>
      (at && !crosses(at) ? "L" : "M") + shown(project([ring[2 * at]!, ring[2 * at + 1]!]))).join("") + "Z";
  });
  // What lies on one spot is one point, which names all of it.
  const spots = new Map<string, { at: [number, number]; rows: Row[] }>();
  for (const row of answer.rows) {
    const found = point?.(row);
    if (!found) continue;
    const at = project(found);
    const spot = spots.get(shown(at)) ?? { at, rows: [] };
    spot.rows.push(row);
    spots.set(shown(at), spot);
  }
  const marks = [...spots.values()].map(({ at: [x, y], rows }) => {
    const names = [...new Set(rows.map((row) => texts.slice(0, 2).map((column) => name(row[column] ?? null)).filter(Boolean).join(", ")))];
    const circle = svg("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: Math.min(4 + Math.log2(rows.length), 9), "vector-effect": "non-scaling-stroke" },
      svg("title", {}, names.slice(0, 12).join("\n") + (names.length > 12 ? "\n…" : "")));
    const thing = rows[0]?.find(isIri);
    const href = thing ? address(thing.value) : "";
    return href ? svg("a", { href, "aria-label": names[0] ?? "" }, circle) : circle;
  });
  const without = answer.rows.length - [...spots.values()].reduce((sum, { rows }) => sum + rows.length, 0);
  const made = drawing(WIDTH, HEIGHT, say("Map of {count} places", { count: spots.size }), "map",
    svg("path", { class: "land", d: path.join("") }), ...marks);

  const zoom = (closer: boolean): void => {
    const spread = [...spots.values()].map(({ at }) => at);
    let [x, y, width, height] = [0, 0, WIDTH, HEIGHT];
    if (closer && spread.length) {
      const [xs, ys] = [spread.map(([each]) => each), spread.map(([, each]) => each)];
      const centre = [(Math.min(...xs) + Math.max(...xs)) / 2, (Math.min(...ys) + Math.max(...ys)) / 2] as const;
      width = Math.min(Math.max((Math.max(...xs) - Math.min(...xs)) * 1.15, (Math.max(...ys) - Math.min(...ys)) * 1.15 * (WIDTH / HEIGHT), 60), WIDTH);
      height = width * (HEIGHT / WIDTH);
      [x, y] = [centre[0] - width / 2, centre[1] - height / 2];
    }
    made.querySelector("svg")?.setAttribute("viewBox", [x, y, width, height].map((each) => each.toFixed(1)).join(" "));
    for (const circle of made.querySelectorAll("circle")) {
      const size = circle.dataset.size ?? circle.getAttribute("r") ?? "4";
      circle.dataset.size = size;
      circle.setAttribute("r", (Number(size) * (width / WIDTH) * Math.max(1, 800 / innerWidth)).toFixed(2));
    }
    world.setAttribute("aria-pressed", String(!closer));
    near.setAttribute("aria-pressed", String(closer));
  };
  const world = el("button", { type: "button", class: "second", click: () => zoom(false) }, say("World"));
  const near = el("button", { type: "button", class: "second", click: () => zoom(true) }, say("Where the points are"));
  zoom(true);
  return el("div", {},
    el("div", { class: "actions", role: "group", "aria-label": say("Part of the map") }, world, near),
    made,
    without ? el("p", { class: "quiet" }, say("Rows without a point, not on the map: {count}", { count: without })) : null);
}
