"""The languages of the pages: which one a reader asked for, and the words in it.

What a page says is written in English in the templates and the code; `locales/<language>.po` holds the same in the
other languages. Each request has one reader, and whatever it leads to, in whichever module, speaks the language of
that reader.
"""

from __future__ import annotations

import functools
import io
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode

from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations
from starlette.types import Scope

from hrc_graph import formats

LANGUAGES: Final = {"en": "English", "id": "Bahasa Indonesia", "es": "Español", "fr": "Français"}
"""The languages of the interface, each by its own name; the first is the one for readers of none of them."""

_LOCALES = Path(__file__).parent / "locales"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the answer to a request, as far as its page needs to know."""

    language: str = "en"
    chosen: bool = False
    """Whether the address says the language (`?lang=`); the links of the page say it then, too."""
    path: str = "/"
    given: str = ""
    """The parameters of the address, as they came."""

    @property
    def query(self) -> tuple[tuple[str, str], ...]:
        """The parameters of the address but `lang`."""
        return tuple((name, value) for name, value in parse_qsl(self.given, keep_blank_values=True) if name != "lang")

    def link(self, path: str) -> str:
        """A path of this site, in the reader's language."""
        if not self.chosen:
            return path
        address, mark, fragment = path.partition("#")
        return f"{address}{'&' if '?' in address else '?'}lang={self.language}{mark}{fragment}"

    def here_in(self, language: str) -> str:
        """The address of this very page in another language."""
        return f"{self.path}?{urlencode([*self.query, ('lang', language)])}"


READER: Final = ContextVar("reader", default=Reader())  # noqa: B039 it is frozen
"""Set once for each request by the web application."""


def reader_of(scope: Scope) -> Reader:
    """The reader that a request tells of: by `lang` in its address, else by Accept-Language, else English."""
    given = scope["query_string"].decode("latin-1")
    asked = parse_qsl(given) if "lang=" in given else ()  # a query of a kilobyte is not read for nothing
    chosen = next((value for name, value in asked if name == "lang" and value in LANGUAGES), "")
    header = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"accept-language"), "")
    return Reader(chosen or _preferred(header), bool(chosen), scope["path"], given)


@functools.lru_cache(256)
def _preferred(accept_language: str) -> str:
    weighted = sorted(formats.weighted(accept_language), key=lambda each: -each[1])
    liked = [language.replace("in-", "id-") for language, quality in weighted if quality > 0]
    return negotiate_locale(liked, LANGUAGES, sep="-") or "en"


@functools.cache
def translations(language: str) -> NullTranslations:
    """The words of a language, as gettext has them; English needs none."""
    file = _LOCALES / f"{language}.po"
    if not file.is_file():
        return NullTranslations()
    compiled = io.BytesIO()
    with file.open("rb") as written:
        write_mo(compiled, read_po(written, locale=language))
    compiled.seek(0)
    return Translations(compiled)


def N_(text: str) -> str:  # noqa: N802  extraction knows it by this name
    """A text that is put into the reader's language where it is shown."""
    return text


def gettext(text: str) -> str:
    """A text in the reader's language."""
    return translations(READER.get().language).gettext(text)


def number(value: int) -> str:
    """A whole number as the reader writes it: `1,234`, `1.234`."""
    return format_decimal(value, locale=READER.get().language)


def ngettext(one: str, many: str, number: int) -> str:
    """A text that depends on a number, in the reader's language."""
    return translations(READER.get().language).ngettext(one, many, number)
