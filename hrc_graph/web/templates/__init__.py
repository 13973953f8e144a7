"""Pages: Jinja2 templates of this folder, escaped by construction."""

from __future__ import annotations

from typing import Any

import jinja2

from hrc_graph import namespaces

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("hrc_graph.web", "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.globals["path_of"] = namespaces.path


def render(template: str, **values: Any) -> str:
    """The page that a template makes of these values."""
    return _ENVIRONMENT.get_template(template).render(**values)
