"""The text of a cell as RDF terms: dates, numbers, links, labels, words of the vocabularies, codes.

Whatever a cell cannot mean is a `CellError` that says what to write instead. References to other
records are not resolved here: `references` does that.
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Mapping
from urllib.parse import urlsplit

import pyoxigraph as ox

from hrc_graph import dates, namespaces
from hrc_graph.errors import BadDate
from hrc_graph.names import fold
from hrc_graph.records import Term
from hrc_graph.tables.kinds import Column

_V = namespaces.VOCABULARY
_INTEGER = ox.NamedNode(_V["xsd"] + "integer")
_EDTF = ox.NamedNode(_V["edtf"] + "EDTF")
_MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "januari februari maret april mei juni juli agustus september oktober november desember",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    )
    for number, name in enumerate(names.split(), 1)
}
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50}
_WRITTEN_IN = {
    "ko": r"[가-힣]",
    "ja": r"[ぁ-ヿ]|会議|条例",
    "zh": r"[一-鿿]",
    "id": r"\b(HAM|Hak|dan|tentang|Kota|Kabupaten|Provinsi|Daerah|Nasional|Dewan|Komisi|Lembaga|Kementerian|Kepolisian|"
    r"Peraturan|Keputusan|Perserikatan|Penandatanganan|Peringatan|Perjanjian|Pertemuan|Deklarasi|Instruksi|Kantor|"
    r"Komnas|Kongres|Forum Kota|Wali|Festival|Tentara)\b",
    "de": r"\b(der|für|und|gegen|Stadt|Städte|Rat|Gemeinderat|Beirat)\b|[a-zß](rechte|stelle|rat|beauftragte|büro)\b",
    "ca": r"\b(dels|pels|per la|Síndics?|Síndiques|Síndica|Sindicatura|Drets|Ciutadania|"
    r"Oficina per|Diputació|Comissió|Fòrum)\b",
    "es": r"\b(del|las?|los|el|Derechos|Ayuntamiento|Defensoría|Comisión|Ciudades|Observatorio|Foro|Conferencia)\b",
    "fr": r"\b(des|du|de la|Droits|Cités|Ombudsman de)\b",
    "nl": r"\b(Utrechtse|het|van)\b",
}
"""By language, letters and words that only it has among names of its own sort; asked in this order."""
_DATE_HINT = "Write 2016, 2016-05, 2016-05-17, 17 May 2016, about 2012, or 2016-05-17/2016-05-19."


class CellError(Exception):
    """A cell that cannot mean what its column asks for: `rule` says what is wrong, `remedy` what to write."""

    def __init__(self, rule: str, remedy: str) -> None:
        super().__init__(f"{rule} {remedy}")
        self.rule = rule
        self.remedy = remedy


class Vocabularies:
    """The concepts of every scheme, by any of their labels."""

    def __init__(self, store: ox.Store) -> None:
        self._by_label: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._broader: dict[str, str] = {}
        concept = ox.NamedNode(_V["skos"] + "Concept")
        for quad in store.quads_for_pattern(None, ox.NamedNode(_V["rdf"] + "type"), concept, None):
            if isinstance(quad.subject, ox.NamedNode):
                self._add(store, quad.subject)

    def _add(self, store: ox.Store, node: ox.NamedNode) -> None:
        scheme, _, slug = node.value.removeprefix(namespaces.VOCAB).partition("/")
        self._by_label[scheme][fold(slug)].add(node.value)
        for local in ("prefLabel", "altLabel", "hiddenLabel", "notation"):
            for quad in store.quads_for_pattern(node, ox.NamedNode(_V["skos"] + local), None, None):
                if isinstance(quad.object, ox.Literal):
                    self._by_label[scheme][fold(quad.object.value)].add(node.value)
        for quad in store.quads_for_pattern(node, ox.NamedNode(_V["skos"] + "broader"), None, None):
            if isinstance(quad.object, ox.NamedNode):
                self._broader[node.value] = quad.object.value

    def find(self, text: str, scheme: str) -> ox.NamedNode:
        """The concept that a text means in a scheme, given as `theme` or `kind/place-kind`. Raises `CellError`."""
        name, _, top = scheme.partition("/")
        found = {
            iri for iri in self._by_label[name].get(fold(text), ()) if not top or self._under(iri, f"{name}/{top}")
        }
        if len(found) == 1:
            return ox.NamedNode(found.pop())
        words = sorted(slug for slug in self.words(scheme) if slug[:1] == fold(text)[:1]) or self.words(scheme)
        raise CellError(f"“{text}” is not a known {top or name}.", f"Write one of: {', '.join(words[:12])}.")

    def words(self, scheme: str) -> list[str]:
        """The slugs of a scheme's concepts, sorted."""
        name, _, top = scheme.partition("/")
        iris = {iri for found in self._by_label[name].values() for iri in found}
        kept = (iri for iri in iris if not top or self._under(iri, f"{name}/{top}"))
        return sorted(iri.rpartition("/")[2] for iri in kept)

    def narrower(self, one: str, other: str) -> bool:
        """Whether one concept stands somewhere under another."""
        return self._under(one, other.removeprefix(namespaces.VOCAB))

    def _under(self, iri: str, top: str) -> bool:
        seen = set()
        while iri in self._broader and iri not in seen:
            seen.add(iri)
            iri = self._broader[iri]
            if iri == namespaces.VOCAB + top:
                return True
        return False


def parts(text: str, column: Column) -> list[str]:
    """The values of a cell: several, separated by `;`, where the column holds many."""
    values = [part.strip() for part in text.split(";")] if column.many else [text.strip()]
    return [value for value in values if value]


def short_iri(text: str) -> ox.NamedNode:
    """The node of a short IRI such as `mode:signed`."""
    prefix, _, local = text.partition(":")
    return ox.NamedNode(namespaces.prefixes()[prefix] + local)


def term(text: str, column: Column, row: Mapping[str, str], vocabularies: Vocabularies) -> Term | None:
    """What one value of a cell means; None for a word that means nothing. Raises `CellError`.

    `row` holds the row's other cells by field, for a language that stands in a column of its own.
    """
    if fold(text) in column.values:
        value = column.values[fold(text)]
        return short_iri(value) if value else None
    for pattern, value in column.rules.items():
        if re.search(pattern, text, re.IGNORECASE):
            return short_iri(value) if value else None
    if column.pages:
        value = of_page(text, column.pages)
        return short_iri(value) if value else None
    match column.type:
        case "text":
            return ox.Literal(text)
        case "label":
            language = column.language
            if language.startswith("of "):
                language = row.get(language.removeprefix("of "), "") or language_of(text)
            return ox.Literal(column.prefix + text, language=language)
        case "date":
            return ox.Literal(date(text), datatype=_EDTF)
        case "year":
            if not re.fullmatch(r"(19|20)\d\d", text):
                raise CellError(f"“{text}” is not a year.", "Write four digits, such as 2022.")
            return ox.Literal(text, datatype=_INTEGER)
        case "integer":
            digits = text.replace(",", "").replace(" ", "").replace("\u202f", "")
            if not re.fullmatch(r"\d+", digits):
                raise CellError(f"“{text}” is not a whole number.", "Write digits only, such as 300.")
            return ox.Literal(digits, datatype=_INTEGER)
        case "ordinal":
            return ox.Literal(str(position(text)), datatype=_INTEGER)
        case "link":
            return link(text)
        case "language":
            return language_concept(text)
        case "concept":
            return vocabularies.find(text, column.scheme)
        case "code" | "codes":
            return code(text, column)
    raise AssertionError(f"column type {column.type} is a reference")


def position(text: str) -> int:
    """The position that a number, a Roman numeral or a small letter gives. Raises `CellError`.

    >>> position("12"), position("XIV"), position("c")
    (12, 14, 3)
    """
    if re.fullmatch(r"[1-9]\d*", text):
        return int(text)
    if re.fullmatch("[a-z]", text):
        return ord(text) - ord("a") + 1
    if text and re.fullmatch("L?X{0,4}(IX|IV|V?I{0,4})", text.replace("XL", "XXXX")):
        values = [_ROMAN[sign] for sign in text]
        return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))
    raise CellError(f"“{text}” is not a position.", "Write a number such as 12, XII, or a small letter.")


def link(text: str) -> ox.NamedNode:
    """A web address, also as copied from a page's code. Raises `CellError` for anything but http and https."""
    text = html.unescape(text)
    try:
        address = urlsplit(text)
        if address.scheme in ("http", "https") and address.hostname:
            return ox.NamedNode(text)
    except ValueError:
        pass
    raise CellError(f"“{text}” is not a web address.", "Write the whole address, beginning with https:// or http://.")


def of_page(text: str, pages: Mapping[str, str]) -> str:
    """What the longest entry means that a web address fits: its host ends so, and its path begins so; or "".

    >>> of_page("https://www.jatim.antaranews.com/berita/1", {"antaranews.com": "kind:press"})
    'kind:press'
    """
    address = urlsplit(link(text).value)
    host = (address.hostname or "").rstrip(".").split(".")
    path = address.path + (f"?{address.query}" if address.query else "")
    for start in range(len(host)):
        ending = ".".join(host[start:])
        fitting = [page for page in pages if f"{ending}{path}".startswith(page) and page.partition("/")[0] == ending]
        if fitting:
            return pages[max(fitting, key=len)]
    return ""


def language_of(text: str) -> str:
    """The language that a name is certainly in, by its letters and words; `und` when they do not tell.

    >>> language_of("Komisi Nasional"), language_of("세계인권도시포럼"), language_of("SETARA Institute")
    ('id', 'ko', 'und')
    """
    return next((tag for tag, signs in _WRITTEN_IN.items() if re.search(signs, text)), "und")


def language_concept(text: str) -> ox.NamedNode:
    """The European Union's concept for a language tag."""
    import langcodes  # slow to read, and most tables have no such column

    try:
        found = langcodes.Language.get(text).to_alpha3().upper()
    except (LookupError, ValueError) as error:
        raise CellError(f"“{text}” is not a language tag.", "Write a tag such as en, id, es, fr or ko.") from error
    return ox.NamedNode(_V["lang"] + found)


def code(text: str, column: Column) -> ox.Literal:
    """A code with its scheme: `kemendagri:18.07`, or in a column of one scheme the code alone."""
    scheme, colon, value = text.partition(":")
    if not colon:
        scheme, value = column.scheme, text
    if not scheme or not value.strip():
        raise CellError(f"“{text}” does not say whose code it is.", "Write scheme and code, such as kemendagri:18.07.")
    return ox.Literal(value.strip(), datatype=ox.NamedNode(f"{_V['code']}{scheme.strip().lower()}"))


def date(text: str) -> str:
    """The EDTF of a date as people write it. Raises `CellError`.

    >>> date("17 May 2014"), date("about 2012"), date("Mei 2016"), date("14–17 September 2017")
    ('2014-05-17', '2012~', '2016-05', '2017-09-14/2017-09-17')
    """
    said = text.strip()
    try:
        dates.bounds(said)
        return said
    except BadDate:
        pass
    plain = fold(said.replace("–", "-").replace("—", "-"))
    about = "~" if re.match(r"(about|around|circa|ca|c|sekitar|kira kira|hacia|vers)\s", plain) else ""
    plain = re.sub(r"^(about|around|circa|ca|c|sekitar|kira kira|hacia|vers|on|in|pada|tanggal|el|le)\s+", "", plain)
    spans = re.match(r"(\d{1,2}) (?:to |sampai |a |au |al )?(\d{1,2}) ([a-z]+) (?:de )?(\d{4})$", plain)
    found = ""
    if spans and spans[3] in _MONTHS:
        month = f"{spans[4]}-{_MONTHS[spans[3]]:02}"
        found = f"{month}-{int(spans[1]):02}/{month}-{int(spans[2]):02}"
    else:
        words = re.match(r"(?:(\d{1,2})(?:st|nd|rd|th|er)? (?:de )?)?([a-z]+)(?: (\d{1,2}))? (?:de )?(\d{4})$", plain)
        if words and words[2] in _MONTHS:
            day = words[1] or words[3]
            found = f"{words[4]}-{_MONTHS[words[2]]:02}" + (f"-{int(day):02}" if day else "") + about
        elif re.fullmatch(r"\d{4}", plain):
            found = plain + about
    try:
        dates.bounds(found)
    except BadDate as error:
        slashes = re.fullmatch(r"\d{1,2}[/.]\d{1,2}[/.]\d{4}", said)
        rule = f"“{text}” can be read in two ways." if slashes else f"“{text}” is not a date we can read."
        raise CellError(rule, _DATE_HINT) from error
    return found
