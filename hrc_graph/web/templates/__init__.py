"""Pages: Jinja2 templates of this folder, escaped by construction, in the language of the reader."""

from __future__ import annotations

from typing import Any

import jinja2

from hrc_graph import namespaces
from hrc_graph.web.headings import heading
from hrc_graph.web.languages import LANGUAGES, READER, gettext, ngettext, number

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("hrc_graph.web", "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=["jinja2.ext.i18n"],
)
_ENVIRONMENT.policies["ext.i18n.trimmed"] = True
_ENVIRONMENT.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
_ENVIRONMENT.filters["number"] = number
_ENVIRONMENT.globals |= {
    "path_of": namespaces.path,
    "short": namespaces.short,
    "heading": heading,
    "languages": LANGUAGES,
    "reader": READER.get,
    "link": lambda path: READER.get().link(path),
}


def render(template: str, **values: Any) -> str:
    """The page that a template makes of these values."""
    return _ENVIRONMENT.get_template(template).render(**values)
