"""Where a click leads: to the live data, or to the same within the release that is read."""

from __future__ import annotations

from dataclasses import dataclass

from hrc_graph import namespaces


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses of things, documents and questions, as far as one state of the data has them."""

    base: str
    release: str = ""
    """Its name; empty for the live data."""

    @property
    def start(self) -> str:
        """What the addresses of this state begin with; nothing for the live data."""
        return f"/releases/{self.release}" if self.release else ""

    @property
    def description(self) -> str:
        """What describes the data as a whole."""
        return f"{self.start}/catalogue.ttl" if self.release else "/.well-known/void"

    def thing(self, iri: str) -> str:
        """Where the IRI of a thing or term leads; "" for an IRI that is not ours."""
        path = namespaces.path(iri, self.base)
        return self.document(path[1:]) if path and self.release else path

    def document(self, path: str) -> str:
        """The document about what is at a path such as `id/gov/id-lahat` or `def/Place`."""
        return f"{self.start}/doc/{path.removeprefix('id/')}"

    def question(self, name: str) -> str:
        """A question of the library."""
        return f"/queries/{name}" + (f"?release={self.release}" if self.release else "")
