"""The frame of every drawing: an SVG with a title and a description, and text that cannot be anything but text."""

from __future__ import annotations

import re

from markupsafe import Markup

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def canvas(ident: str, kind: str, title: str, about: str, body: Markup, *, height: int = 0, linked: bool) -> Markup:
    """A drawing as an `svg` element, as wide as its place; a text that helps and a table say the same beside it.

    `ident` is its id, of which there is one on a page; `kind` its class; `about` a sentence for who does not see it;
    `height` is in CSS pixels, and without one the class says the shape. What has links is a group, not an image: who
    listens is not told of links in an image.
    """
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" id="{0}" class="drawing {1}" role="{2}" '
        'aria-labelledby="{0}-title" aria-describedby="{0}-about" width="100%"{3}>'
        '<title id="{0}-title">{4}</title><desc id="{0}-about">{5}</desc>{6}</svg>'
    ).format(
        ident,
        kind,
        "group" if linked else "img",
        Markup(' height="{}"').format(height) if height else "",
        text(title),
        text(about),
        body,
    )


def text(given: str) -> str:
    """A text without the signs that no XML may hold."""
    return _NOT_XML.sub("\ufffd", given)


def share(value: float) -> str:
    """A length as per cent of the drawing, as short as it can be written."""
    return f"{value:.2f}".rstrip("0").rstrip(".") + "%"


def hatched(ident: str) -> Markup:
    """The definition of stripes, to be filled with as `url(#ident)`."""
    return Markup(
        '<defs><pattern id="{}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<path class="stripe" d="M1.5 0V6"/></pattern></defs>'
    ).format(ident)
