// The ways of showing an answer, chosen by what its columns hold, with a switch between them.
import { chart } from "./chart";
import { columns } from "./columns";
import { el } from "./dom";
import { graph } from "./graph";
import { map } from "./map";
import { say } from "./page";
import { table } from "./table";
import { isIri, labels } from "./terms";
import { timeline } from "./timeline";
import type { Answer } from "./answers";

type View = [name: string, draw: () => HTMLElement | Promise<HTMLElement>];

const NAMED = 400;

/** The answer as a table, and in every other way that it can be shown. */
export function views(answer: Answer, release: string, signal: AbortSignal): HTMLElement {
  const held = columns(answer);
  const offered: View[] = [[say("Table"), () => table(answer, release, signal)]];
  if (held.point) offered.push([say("Map"), () => map(answer, held)]);
  if (held.numbers.length && answer.names.length > 1) offered.push([say("Chart"), () => chart(answer, held)]);
  if (held.dates.length) offered.push([say("Timeline"), () => timeline(answer, held)]);
  const [one, two, three] = answer.isGraph ? [0, 1, 2] : held.iris;
  if (one !== undefined && two !== undefined && three !== undefined && answer.rows.length) {
    offered.push([say("Graph"), () => graph(answer, [one, two, three])]);
  }
  const place = el("div", { class: "view" });
  const buttons = offered.map(([name, draw], at) => {
    const show = async (): Promise<void> => {
      buttons.forEach((each) => each.setAttribute("aria-pressed", String(each === button)));
      if (at > 0) await named(answer, release, signal);
      place.replaceChildren(await draw());
    };
    const button = el("button", { type: "button", class: "second", "aria-pressed": String(at === 0), click: () => void show() }, name);
    return button;
  });
  place.append(table(answer, release, signal));
  return el("div", {},
    offered.length > 1 ? el("div", { class: "actions", role: "group", "aria-label": say("Show as") }, ...buttons) : null, place);
}

/** Learn the names of what a drawing will show, as far as they can be had. */
async function named(answer: Answer, release: string, signal: AbortSignal): Promise<void> {
  const iris = new Set(answer.rows.slice(0, NAMED).flat().filter(isIri).map((term) => term.value));
  await labels([...iris].slice(0, NAMED), release, signal).catch(() => undefined);
}
