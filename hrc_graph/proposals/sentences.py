"""What a proposal will say, in plain sentences, before it is accepted."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.lists import format_list

from hrc_graph import gazetteer
from hrc_graph.proposals import Commitment, Evidence, Government, Instrument, Participation, Proposal
from hrc_graph.proposals.evidence import recorded, titled
from hrc_graph.proposals.ground import Ground
from hrc_graph.tables import cells


class Translator(Protocol):
    """What gives the words of the interface's language, as `gettext.NullTranslations` and babel's do."""

    def gettext(self, message: str, /) -> str:
        """A text in the language."""

    def ngettext(self, one: str, many: str, number: int, /) -> str:
        """A text in the form that a number takes."""


def N_(text: str) -> str:  # noqa: N802 the name by which catalogues find a text that is translated later
    """The text itself."""
    return text


_LOCALES = {"en": "en_GB"}
"""Whose way of writing dates is taken for a language, where it is not the language's own."""
_BY_MODE = {
    "adopted": (N_("%(who)s adopted “%(text)s”."), N_("%(who)s adopted “%(text)s”; date: %(date)s.")),
    "enacted": (N_("%(who)s enacted “%(text)s”."), N_("%(who)s enacted “%(text)s”; date: %(date)s.")),
    "endorsed": (N_("%(who)s endorsed “%(text)s”."), N_("%(who)s endorsed “%(text)s”; date: %(date)s.")),
    "joined": (N_("%(who)s joined “%(text)s”."), N_("%(who)s joined “%(text)s”; date: %(date)s.")),
    "pledged": (
        N_("%(who)s pledged to carry out “%(text)s”."),
        N_("%(who)s pledged to carry out “%(text)s”; date: %(date)s."),
    ),
    "signed": (N_("%(who)s signed “%(text)s”."), N_("%(who)s signed “%(text)s”; date: %(date)s.")),
}
"""By mode, the sentence without a date and with one."""


def sentences(proposal: Proposal, language: str, translator: Translator, ground: Ground) -> list[str]:
    """What a proposal without faults will say, sentence by sentence; `translator` has the words of the language."""
    return list(_Telling(language, translator, ground).all(proposal))


def spoken(date: str, language: str, translator: Translator) -> str:
    """A date in words of a language: an EDTF text, or one as people write it; as it is, if it cannot be read."""
    _ = translator.gettext
    try:
        date = cells.date(date)
    except cells.CellError:
        return date
    if date.startswith("["):
        days = [_point(each, language, translator) for each in re.split(r",\s?", date.strip("[]"))]
        return format_list(days, style="or", locale=Locale.parse(language))
    first, slash, last = date.partition("/")
    if not slash:
        return _point(date, language, translator)
    if first == "..":
        return _("until %(date)s") % {"date": _point(last, language, translator)}
    if last == "..":
        return _("since %(date)s") % {"date": _point(first, language, translator)}
    return _("%(first)s to %(last)s") % {
        "first": _point(first, language, translator),
        "last": _point(last, language, translator),
    }


def _point(date: str, language: str, translator: Translator) -> str:
    _, plain, locale = translator.gettext, date.rstrip("?~%"), _LOCALES.get(language, language)
    year, month, day = (*map(int, plain.split("-")), 0, 0)[:3]
    if day:
        said = format_date(datetime.date(year, month, day), "long", locale=locale)
    elif month:
        said = format_skeleton("yMMMM", datetime.date(year, month, 1), locale=locale)
    else:
        said = plain
    forms = {"?": _("%(date)s (uncertain)"), "~": _("about %(date)s"), "%": _("about %(date)s (uncertain)")}
    return forms.get(date[-1], "%(date)s") % {"date": said}


class _Telling:
    """Tells one proposal in one language."""

    def __init__(self, language: str, translator: Translator, ground: Ground) -> None:
        self._language, self._translator, self._ground = language, translator, ground

    def all(self, proposal: Proposal) -> Iterator[str]:
        yield from self._government(proposal.government)
        who = self._who(proposal.government)
        for commitment in proposal.commitments:
            yield from self._commitment(commitment, who)
        for participation in proposal.participations:
            yield from self._participation(participation, who)
        if proposal.themes:
            yield self._themes(proposal.themes)
        yield from self._new_sources(proposal)

    def _who(self, said: Government) -> str:
        return self._ground.name(said.iri, self._language) if said.iri else _own(said.names, self._language)

    def _government(self, said: Government) -> Iterator[str]:
        _, ground = self._translator.gettext, self._ground
        who = self._who(said)
        if said.spelling and said.iri:
            yield _("“%(written)s” means %(who)s; this is remembered.") % {"written": said.spelling, "who": who}
        if said.iri:
            return
        nation = gazetteer.country(said.country.upper())
        country = Locale.parse(self._language).territories.get(said.country.upper(), nation.name if nation else "")
        larger = ground.name(said.part_of, self._language) if said.part_of else country
        kind = ground.concept("kind/place-kind", said.kind)
        place = {"who": who, "larger": larger, "kind": ground.name(kind, self._language) if kind else ""}
        if kind:
            yield _("A new place is added, %(who)s (%(kind)s) in %(larger)s, and its government.") % place
        else:
            yield _("A new place is added, %(who)s in %(larger)s, and its government.") % place
        for code in said.codes:
            scheme, _colon, value = code.partition(":")
            named = ground.name(ground.iri(f"code:{scheme}"), self._language)
            yield _("%(who)s has the code %(code)s (%(scheme)s).") % {"who": who, "code": value, "scheme": named}
        city = gazetteer.city(int(said.geonames)) if said.geonames.isdigit() else None
        if city:
            about = {"name": city.name, "latitude": city.latitude, "longitude": city.longitude, "who": who}
            yield _("%(who)s is “%(name)s” of GeoNames, at latitude %(latitude)s, longitude %(longitude)s.") % about
        if said.spelling:
            yield _("“%(written)s” means none of the governments recorded so far; this is remembered.") % {
                "written": said.spelling
            }
        yield from self._evidence(said.evidence)

    def _commitment(self, said: Commitment, who: str) -> Iterator[str]:
        _, ground = self._translator.gettext, self._ground
        if isinstance(said.under, Instrument):
            text = _own(said.under.names, self._language)
            yield _("A new text is added: “%(text)s”.") % {"text": text}
        else:
            text = ground.name(said.under or ground.value(said.wave, "hrc:partOf"), self._language)
        mode = ground.concept("mode", said.mode or "joined").rpartition("/")[2]
        without, dated = _BY_MODE[mode]
        date = spoken(said.date, self._language, self._translator) if said.date else ""
        yield _(dated if date else without) % {"who": who, "text": text, "date": date}
        if said.wave:
            yield _("It counts toward “%(wave)s”.") % {"wave": ground.name(said.wave, self._language)}
        if said.themes:
            yield self._themes(said.themes)
        yield from self._evidence(said.evidence)

    def _participation(self, said: Participation, who: str) -> Iterator[str]:
        _, ground = self._translator.gettext, self._ground
        role = ground.name(ground.concept("role", said.role), self._language)
        about = {"who": who, "event": ground.name(said.at, self._language), "role": role}
        if said.date:
            about["date"] = spoken(said.date, self._language, self._translator)
            yield _("%(who)s took part in “%(event)s”; role: %(role)s; date: %(date)s.") % about
        else:
            yield _("%(who)s took part in “%(event)s”; role: %(role)s.") % about
        if said.themes:
            yield self._themes(said.themes)
        yield from self._evidence(said.evidence)

    def _themes(self, themes: Sequence[str]) -> str:
        ground = self._ground
        names = [ground.name(ground.concept("theme", theme), self._language) for theme in themes]
        listed = format_list(names, locale=Locale.parse(self._language))
        said = self._translator.ngettext("Theme: %(themes)s.", "Themes: %(themes)s.", len(names))
        return said % {"themes": listed}

    def _evidence(self, evidence: Sequence[Evidence]) -> Iterator[str]:
        _ = self._translator.gettext
        for passage in evidence:
            source = passage.source
            known = source if isinstance(source, str) else recorded(source.url, self._ground)
            told = self._ground.name(known, self._language) if isinstance(source, str) or known else titled(source)
            about = {"source": told, "where": passage.locator}
            if passage.locator:
                yield _("Evidence: “%(source)s”, %(where)s.") % about
            else:
                yield _("Evidence: “%(source)s”, the whole page.") % about

    def _new_sources(self, proposal: Proposal) -> Iterator[str]:
        _ = self._translator.gettext
        cited = [
            *proposal.government.evidence,
            *(passage for commitment in proposal.commitments for passage in commitment.evidence),
            *(passage for participation in proposal.participations for passage in participation.evidence),
        ]
        sources = [passage.source for passage in cited]
        new = {each.url or each.title: each for each in sources if not isinstance(each, str)}
        for source in new.values():
            if not recorded(source.url, self._ground):
                about = {"title": titled(source), "url": source.url}
                if source.url:
                    yield _("A new source is recorded: “%(title)s”, %(url)s.") % about
                else:
                    yield _("A new source is recorded: “%(title)s”.") % about


def _own(names: Mapping[str, str], language: str) -> str:
    return names.get(language) or names.get("en") or next(iter(names.values()), "")
