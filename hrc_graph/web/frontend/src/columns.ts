// What the columns of an answer hold, and so which ways of showing it make sense.
import type { Answer } from "./answers";
import { isIri, number, type Term } from "./terms";

export interface Span {
  /** Years, with the part of the year that has passed. */
  from: number;
  to: number;
  /** The source says “about” or “perhaps”. */
  doubtful: boolean;
}

export interface Columns {
  iris: number[];
  numbers: number[];
  dates: number[];
  /** Columns whose text can name a row. */
  texts: number[];
  /** The point of a row: longitude and latitude. */
  point: ((row: (Term | null)[]) => [number, number] | null) | null;
}

const SAMPLE = 500;
const DAY = /^(-?\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:T[\d:.+Z-]*)?([?~%]?)$/;
const POINT = /POINT\s*Z?\s*\(\s*(-?[\d.]+(?:e[+-]?\d+)?)[\s,]+(-?[\d.]+(?:e[+-]?\d+)?)/i;

function day(text: string): Span | null {
  const found = DAY.exec(text);
  if (!found) return null;
  const [year, month, date] = [Number(found[1]), Number(found[2] ?? 0), Number(found[3] ?? 0)];
  if (month > 12 || date > 31) return null;
  const from = year + Math.max(month - 1, 0) / 12 + Math.max(date - 1, 0) / 366;
  return { from, to: from + (date ? 1 / 366 : month ? 1 / 12 : 1), doubtful: Boolean(found[4]) };
}

/** The time that a term speaks of: a day, a month, a year, or an interval (EDTF); null when it is none. */
export function time(term: Term | null): Span | null {
  if (!term || term.type === "uri") return null;
  const dated = /#(date|dateTime|gYear|gYearMonth)$|datatypes\/edtf\/|\/edtf/i.test(term.datatype);
  const plain = term.datatype === "" || term.datatype.endsWith("#string");
  if (!dated && !(plain && /^\d{4}-\d\d/.test(term.value))) return null;
  const [first, last] = term.value.replace(/Z$/, "").split("/");
  const start = day(first ?? "");
  if (last === undefined) return start;
  const end = day(last);
  if (!start && !end) return null;
  return { from: (start ?? end)!.from, to: (end ?? start)!.to, doubtful: !start || !end || start.doubtful || end.doubtful };
}

function wkt(term: Term | null): [number, number] | null {
  const found = term && POINT.exec(term.value);
  return found ? onEarth(Number(found[1]), Number(found[2])) : null;
}

function onEarth(longitude: number | null, latitude: number | null): [number, number] | null {
  if (longitude === null || latitude === null) return null;
  return Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90 ? [longitude, latitude] : null;
}

/** What the columns hold, judged by the first rows. */
export function columns({ names, rows }: Answer): Columns {
  const sample = rows.slice(0, SAMPLE);
  const all = names.map((_, at) => at);
  const holding = (test: (term: Term) => boolean): number[] => all.filter((at) => {
    const terms = sample.map((row) => row[at] ?? null).filter((term) => term !== null);
    return terms.length > 0 && terms.filter(test).length >= terms.length * 0.9;
  });
  const numbers = holding((term) => number(term) !== null);
  const dates = holding((term) => time(term) !== null);
  const points = holding((term) => wkt(term) !== null);
  const called = (pattern: RegExp): number | undefined => numbers.find((at) => pattern.test(names[at] ?? ""));
  const [longitude, latitude] = [called(/^(lon|lng|long|longitude)$/i), called(/^(lat|latitude)$/i)];
  let point: Columns["point"] = null;
  if (points[0] !== undefined) point = (row) => wkt(row[points[0]!] ?? null);
  else if (longitude !== undefined && latitude !== undefined) {
    point = (row) => onEarth(number(row[longitude] ?? null), number(row[latitude] ?? null));
  }
  return {
    iris: holding(isIri), dates, point,
    numbers: numbers.filter((at) => !point || (at !== longitude && at !== latitude)),
    texts: all.filter((at) => !numbers.includes(at) && !points.includes(at)).sort((one, other) => naming(names[other]) - naming(names[one])),
  };
}

/** Columns that are called as names are come first. */
const naming = (column = ""): number => (/name|label|title/i.test(column) ? 1 : 0);
