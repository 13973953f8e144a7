// Numbers of an answer as bars, or as a line where they go by time.
import { cut, drawing, el, svg } from "./dom";
import { say } from "./page";
import { isIri, name, number, address } from "./terms";
import { first } from "./table";
import { time, type Columns } from "./columns";
import type { Answer } from "./answers";

const MOST = 60;
const [WIDTH, BAR, LABELS] = [900, 24, 300];

/** The chart, with a choice of columns where there is one. */
export function chart(answer: Answer, { numbers, texts, dates }: Columns): HTMLElement {
  const place = el("div");
  const chosen = { label: texts[0] ?? dates[0] ?? numbers[0] ?? -1, number: numbers.at(texts.length || dates.length ? 0 : 1) ?? -1 };
  const labels = [...new Set([...texts, ...dates, ...numbers])];
  const draw = (): void => {
    const dated = dates.includes(chosen.label) || years(answer, chosen.label);
    place.replaceChildren(dated ? line(answer, chosen.label, chosen.number) : bars(answer, chosen.label, chosen.number));
  };
  const choice = (text: string, columns: number[], key: "label" | "number"): HTMLElement => {
    const select = el("select", { change: () => { chosen[key] = Number(select.value); draw(); } },
      ...columns.map((at) => el("option", { value: at, selected: at === chosen[key] }, answer.names[at] ?? "")));
    return el("label", {}, text, " ", select);
  };
  draw();
  return el("div", {},
    el("div", { class: "actions" }, choice(say("Label"), labels, "label"), choice(say("How many"), numbers, "number")), place);
}

/** Whether a column holds years, and nothing but them. */
function years(answer: Answer, at: number): boolean {
  const held = answer.rows.map((row) => number(row[at] ?? null)).filter((value) => value !== null);
  return held.length > 0 && held.every((value) => Number.isInteger(value) && value > 1800 && value < 2200);
}

const title = (answer: Answer, label: number, value: number): string =>
  say("{number} by {label}", { number: answer.names[value] ?? "", label: answer.names[label] ?? "" });

function bars(answer: Answer, label: number, value: number): HTMLElement {
  const [rows, note] = first(answer.rows, MOST);
  const values = rows.map((row) => number(row[value] ?? null) ?? 0);
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const x = (each: number): number => LABELS + ((each - low) / (high - low || 1)) * (WIDTH - LABELS - 70);
  const lines = rows.map((row, at) => {
    const [term, each] = [row[label] ?? null, values[at] ?? 0];
    const text = svg("text", { x: LABELS - 10, y: at * BAR + 17, "text-anchor": "end" }, svg("title", {}, name(term)), cut(name(term), 40));
    const href = isIri(term) ? address(term.value) : "";
    return svg("g", {},
      href ? svg("a", { href }, text) : text,
      svg("rect", { class: "bar", x: x(Math.min(0, each)), y: at * BAR + 3, width: Math.abs(x(each) - x(0)), height: BAR - 6 }),
      svg("text", { x: x(Math.max(0, each)) + 6, y: at * BAR + 17 }, each.toLocaleString()));
  });
  return el("div", {}, drawing(WIDTH, rows.length * BAR + 4, title(answer, label, value), "chart", ...lines), note);
}

function line(answer: Answer, label: number, value: number): HTMLElement {
  const points = answer.rows.flatMap((row): [number, number, string][] => {
    const at = time(row[label] ?? null)?.from ?? number(row[label] ?? null);
    const height = number(row[value] ?? null);
    return at === null || height === null ? [] : [[at, height, row[label]?.value ?? ""]];
  }).sort((one, other) => one[0] - other[0]);
  const [from, to] = [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 1];
  const high = Math.max(1, ...points.map(([, each]) => each));
  const [left, top, width, height] = [60, 20, 810, 300];
  const x = (each: number): number => left + ((each - from) / (to - from || 1)) * width;
  const y = (each: number): number => top + height - (each / high) * height;
  const step = Math.max(1, Math.ceil((to - from) / 10));
  const marks = Array.from({ length: Math.floor((Math.floor(to) - Math.ceil(from)) / step) + 1 }, (_, at) => Math.ceil(from) + at * step);
  return el("div", {}, drawing(WIDTH, 360, title(answer, label, value), "chart",
    ...[0, high / 2, high].map((each) => svg("g", {},
      svg("line", { class: "rule", x1: left, x2: left + width, y1: y(each), y2: y(each) }),
      svg("text", { x: left - 8, y: y(each) + 5, "text-anchor": "end" }, each.toLocaleString()))),
    ...marks.map((each) => svg("text", { x: x(each), y: top + height + 24, "text-anchor": "middle" }, String(each))),
    svg("polyline", { class: "line", points: points.map(([at, each]) => `${x(at).toFixed(1)},${y(each).toFixed(1)}`).join(" ") }),
    ...points.map(([at, each, text]) => svg("circle", { cx: x(at), cy: y(each), r: 4 }, svg("title", {}, `${text}: ${each.toLocaleString()}`)))));
}
