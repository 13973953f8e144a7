"""How a record of the graph is cited: as a reference list has it, and as BibTeX."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hrc_graph.description import TITLE
from hrc_graph.web.languages import READER, gettext

_SPECIAL = str.maketrans(
    {sign: f"\\{sign}" for sign in "&%$#_{}"} | {"\\": r"\textbackslash{}", "~": r"\~{}", "^": r"\^{}"}
)


@dataclass(frozen=True, slots=True)
class Citation:
    """What is cited: a record, as one snapshot or release of the graph has it."""

    title: str
    iri: str
    snapshot: str
    release: str = ""

    @property
    def state(self) -> str:
        """The release, or the snapshot where there is none."""
        if self.release:
            return gettext("release %(name)s") % {"name": self.release}
        return gettext("snapshot %(name)s") % {"name": self.snapshot}

    @property
    def text(self) -> str:
        """The reference, in the order of APA: who, what, which state, where."""
        record = gettext("Record")
        return f"{TITLE[READER.get().language]}. {self.title} [{record}; {self.state}]. {self.iri}"

    @property
    def bibtex(self) -> str:
        """The same as an entry of BibTeX."""
        key = re.sub(r"[^A-Za-z0-9]+", "-", self.iri.split("/", 3)[-1]).strip("-")
        fields = {
            "author": "{" + TITLE[READER.get().language].translate(_SPECIAL) + "}",
            "title": "{" + self.title.translate(_SPECIAL) + "}",
            "howpublished": rf"\url{{{self.iri}}}",
            "note": self.state,
        }
        return "@misc{" + key + ",\n" + ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items()) + "\n}"
