"""The acts that the desk has forms for: what each asks, what it does to the dossiers, and what it says in sentences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from hrc_graph.proposals import Evidence, acts
from hrc_graph.proposals.ground import Ground
from hrc_graph.proposals.sentences import spoken
from hrc_graph.web.desk.graph import filled
from hrc_graph.web.languages import READER, gettext, translations

NAMED = {
    "government": (("gov",), False, True),
    "governments": (("gov",), True, True),
    "into": (("gov",), False, True),
    "parts": (("gov",), True, True),
    "thing": (("gov", "place"), False, True),
    "double": (("gov", "place", "org", "person", "text", "event", "aim", "act", "source"), False, True),
    "instead": (("gov", "place", "org", "person", "text", "event", "aim", "act", "source"), False, False),
    "law": (("text",), False, False),
}
"""For fields that name records: the parts of the graph that they are in, whether several are named, one a line, and
whether it has to be filled in."""


class Said(Protocol):
    """A form of an act as it was filled in."""

    values: dict[str, str]
    found: dict[str, list[str]]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The passages that it rests on."""

    def texts(self, name: str) -> dict[str, str]:
        """Texts of a field by language."""


@dataclass(frozen=True, slots=True)
class Act:
    """One form."""

    name: str
    title: str
    what: str
    """As the history calls it."""
    about: str
    fields: tuple[str, ...]
    changes: Callable[[Said, Ground], dict[str, bytes]]
    """The new text of dossiers. Raises `BadInput`."""
    sentences: Callable[[Said, Ground], list[str]]


def _acts() -> tuple[Act, ...]:
    """Every act, in the reader's language."""
    return (
        Act(
            "withdrawal",
            gettext("A commitment ends"),
            "withdrawal of a commitment",
            gettext("A government leaves a campaign, or is no longer under a text. The commitment stays on record."),
            ("government", "commitment", "date", "evidence"),
            _withdraw,
            _withdrawn,
        ),
        Act(
            "renaming",
            gettext("A new name"),
            "renaming",
            gettext("A government or place bears a new name. The old one stays, and still finds it."),
            ("thing", "names", "date", "law", "evidence"),
            _rename,
            _renamed,
        ),
        Act(
            "merger",
            gettext("Governments become one"),
            "merger of governments",
            gettext("Two or more governments become one, which is recorded already. What they did stays with them."),
            ("governments", "into", "date", "law", "evidence"),
            _merge,
            _merged,
        ),
        Act(
            "split",
            gettext("A government becomes several"),
            "split of a government",
            gettext("Every government that there is afterwards is recorded already. It may be one of them itself."),
            ("government", "parts", "date", "law", "evidence"),
            _split,
            _divided,
        ),
        Act(
            "double",
            gettext("A record is a double"),
            "retirement of a record",
            gettext("What it says goes to the other record, and its address leads there."),
            ("double", "instead", "reason"),
            _retire,
            _retired,
        ),
    )


def offered() -> dict[str, Act]:
    """Every act by its name in addresses."""
    return {act.name: act for act in _acts()}


def _withdraw(said: Said, ground: Ground) -> dict[str, bytes]:
    return acts.withdraw(said.values.get("commitment", ""), _date(said), said.evidence, ground)


def _rename(said: Said, ground: Ground) -> dict[str, bytes]:
    return acts.rename(said.found["thing"][0], said.texts("name"), _date(said), said.evidence, ground, law=_law(said))


def _merge(said: Said, ground: Ground) -> dict[str, bytes]:
    into = said.found["into"][0]
    return acts.merge(said.found["governments"], into, _date(said), said.evidence, ground, law=_law(said))


def _split(said: Said, ground: Ground) -> dict[str, bytes]:
    parts = said.found["parts"]
    return acts.split(said.found["government"][0], parts, _date(said), said.evidence, ground, law=_law(said))


def _retire(said: Said, ground: Ground) -> dict[str, bytes]:
    return acts.retire(said.found["double"][0], (said.found.get("instead") or [""])[0], said.texts("reason"), ground)


def _withdrawn(said: Said, ground: Ground) -> list[str]:
    commitment = said.values["commitment"]
    under = ground.value(commitment, "hrc:under") or ground.value(commitment, "hrc:inWave")
    who = _names(said.found["government"], ground)
    return [
        filled(gettext("%(a)s is no longer under “%(b)s”; date: %(c)s."), who, _names([under], ground), _when(said)),
        gettext("That it was stays on record, with its evidence."),
        *_evidence(said, ground),
    ]


def _renamed(said: Said, ground: Ground) -> list[str]:
    names = said.texts("name")
    old = _names(said.found["thing"], ground)
    told = [filled(gettext("%(a)s is called “%(b)s” (%(c)s)."), old, name, tag) for tag, name in names.items()]
    dated = filled(gettext("The new name is from: %(a)s. The old one is kept as another name."), _when(said))
    return [*told, dated, *_under(said, ground), *_evidence(said, ground)]


def _merged(said: Said, ground: Ground) -> list[str]:
    into = said.found["into"]
    gone = [each for each in said.found["governments"] if each not in into]
    names = _names(gone, ground), _names(into, ground)
    return [
        filled(gettext("%(a)s became %(b)s; date: %(c)s."), *names, _when(said)),
        filled(gettext("The records of %(a)s stay, and say that %(b)s replaced them."), *names),
        *_under(said, ground),
        *_evidence(said, ground),
    ]


def _divided(said: Said, ground: Ground) -> list[str]:
    own, parts = said.found["government"], said.found["parts"]
    who = _names(own, ground)
    told = [filled(gettext("%(a)s became %(b)s; date: %(c)s."), who, _names(parts, ground), _when(said))]
    if own[0] in parts:
        told.append(filled(gettext("%(a)s goes on."), who))
    else:
        told.append(filled(gettext("%(a)s ended; its record stays, and says what replaced it."), who))
    return [*told, *_under(said, ground), *_evidence(said, ground)]


def _retired(said: Said, ground: Ground) -> list[str]:
    own, instead = said.found["double"], said.found.get("instead", [])
    if not instead:
        return [filled(gettext("%(a)s is withdrawn. Who follows its address is told why."), _names(own, ground))]
    names = _names(own, ground), _names(instead, ground)
    return [
        filled(gettext("%(a)s is the same as %(b)s. What it says goes there."), *names),
        gettext("Its address leads to the other one from now on."),
    ]


def _names(iris: list[str], ground: Ground) -> str:
    return ", ".join(ground.name(iri, READER.get().language) for iri in iris)


def _date(said: Said) -> str:
    return said.values.get("date", "")


def _when(said: Said) -> str:
    language = READER.get().language
    return spoken(_date(said), language, translations(language))


def _law(said: Said) -> str:
    return (said.found.get("law") or [""])[0]


def _under(said: Said, ground: Ground) -> list[str]:
    return [filled(gettext("It was done by “%(a)s”."), _names([_law(said)], ground))] if _law(said) else []


def _evidence(said: Said, ground: Ground) -> list[str]:
    told = []
    for passage in said.evidence:
        source = passage.source
        name = _names([ground.iri(source)], ground) if isinstance(source, str) else source.title or source.url
        told.append(filled(gettext("Evidence: “%(a)s”, %(b)s."), name, passage.locator or gettext("the whole page")))
    return told
