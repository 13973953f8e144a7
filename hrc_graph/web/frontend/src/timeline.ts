// Dated rows of an answer on a line of time; what is uncertain is drawn hollow.
import { cut, drawing, el, svg } from "./dom";
import { say } from "./page";
import { address, isIri, name } from "./terms";
import { first } from "./table";
import { time, type Columns } from "./columns";
import type { Answer } from "./answers";

const MOST = 200;
const [WIDTH, ROW, LEFT, LINE] = [960, 24, 20, 480];

/** The line of time: a row each, in order. */
export function timeline(answer: Answer, { dates, texts }: Columns): HTMLElement {
  const column = dates[0] ?? -1;
  const label = texts.find((at) => !dates.includes(at)) ?? -1;
  const dated = answer.rows.filter((row) => time(row[column] ?? null))
    .sort((one, other) => time(one[column] ?? null)!.from - time(other[column] ?? null)!.from);
  const [rows, note] = first(dated, MOST);
  const spans = rows.map((row) => time(row[column] ?? null)!);
  const [from, to] = [Math.floor(Math.min(...spans.map((each) => each.from))), Math.ceil(Math.max(...spans.map((each) => each.to)))];
  const x = (year: number): number => LEFT + ((year - from) / (to - from || 1)) * LINE;
  const step = Math.max(1, Math.ceil((to - from) / 8));
  const years = Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, at) => from + at * step);
  const height = rows.length * ROW + 40;
  const lines = rows.map((row, at) => {
    const [span, term] = [spans[at]!, row[label] ?? null];
    const y = at * ROW + 44;
    const said = row[column]?.value ?? "";
    const end = Math.max(x(span.to), x(span.from) + 8);
    const text = svg("text", { x: LEFT + LINE + 16, y: y + 5 }, svg("title", {}, `${said}: ${name(term)}`), cut(`${said}  ${name(term)}`, 54));
    const thing = isIri(term) ? term : row.find(isIri);
    const href = thing ? address(thing.value) : "";
    return svg("g", {},
      svg("line", { class: "rule", x1: LEFT, x2: LEFT + LINE, y1: y, y2: y }),
      svg("rect", { class: span.doubtful ? "span doubtful" : "span", x: x(span.from), y: y - 5, width: end - x(span.from), height: 10, rx: 5 }),
      href ? svg("a", { href }, text) : text);
  });
  return el("div", {},
    drawing(WIDTH, height, say("Line of time, {first} to {last}", { first: String(from), last: String(to) }), "timeline",
      ...years.map((year) => svg("text", { x: x(year), y: 18, "text-anchor": "middle" }, String(year))), ...lines),
    spans.some((each) => each.doubtful) ? el("p", { class: "quiet" }, say("Hollow: the source is not certain.")) : null, note);
}
