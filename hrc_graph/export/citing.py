"""The data set for those who cite, find or archive it: schema.org, DataCite, CITATION.cff, RO-Crate.

Sources: schema.org Dataset; DataCite Metadata Schema 4.6; Citation File Format 1.2.0; RO-Crate 1.1. None of them gets
an identifier here that nobody has registered: there is no DOI before somebody mints one.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

from hrc_graph import __version__
from hrc_graph.description import LICENCE, TITLE
from hrc_graph.export import package
from hrc_graph.export.catalogue import DESCRIPTION, KEYWORDS, Edition
from hrc_graph.export.folder import File
from hrc_graph.export.listings import LISTINGS

CRATE: Final = "ro-crate-metadata.json"
_AUTHOR: Final = TITLE["en"]


def schema_org(edition: Edition) -> dict[str, Any]:
    """The data set as search engines for data read it."""
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": edition.iri,
        "name": TITLE["en"],
        "alternateName": [text for language, text in TITLE.items() if language != "en"],
        "description": DESCRIPTION["en"],
        "url": edition.home,
        "version": edition.version,
        "identifier": edition.snapshot,
        "datePublished": edition.issued,
        "license": LICENCE,
        "isAccessibleForFree": True,
        "keywords": list(KEYWORDS),
        "creator": {"@type": "Organization", "name": _AUTHOR},
        "publisher": {"@type": "Organization", "name": _AUTHOR},
        "distribution": [
            {
                "@type": "DataDownload",
                "name": title,
                "contentUrl": edition.url(name),
                "encodingFormat": package.media_type(name),
                "contentSize": f"{file.size} B",
                "sha256": file.sha256,
            }
            for name, (title, file) in edition.distributions.items()
        ],
    }


def datacite(edition: Edition) -> dict[str, Any]:
    """The data set as it would be registered with DataCite."""
    return {
        "identifiers": [{"identifier": edition.home, "identifierType": "URL"}],
        "creators": [{"name": _AUTHOR, "nameType": "Organizational"}],
        "titles": [
            {"title": text, "lang": language} | ({} if language == "en" else {"titleType": "TranslatedTitle"})
            for language, text in TITLE.items()
        ],
        "publisher": {"name": _AUTHOR},
        "publicationYear": edition.issued[:4],
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Knowledge graph"},
        "subjects": [{"subject": word} for word in KEYWORDS],
        "dates": [{"date": edition.issued, "dateType": "Issued"}],
        "language": "en",
        "alternateIdentifiers": [{"alternateIdentifier": edition.snapshot, "alternateIdentifierType": "snapshot"}],
        "version": edition.version,
        "formats": sorted({package.media_type(name) for name in edition.distributions}),
        "rightsList": [
            {"rights": "Creative Commons Attribution 4.0 International", "rightsUri": LICENCE,
             "rightsIdentifier": "CC-BY-4.0", "rightsIdentifierScheme": "SPDX"}
        ],
        "descriptions": [
            {"description": text, "descriptionType": "Abstract", "lang": language}
            for language, text in DESCRIPTION.items()
        ],
        "schemaVersion": "http://datacite.org/schema/kernel-4",
    }  # fmt: skip


def citation(edition: Edition) -> str:
    """The data set as a file CITATION.cff."""
    about = {
        "cff-version": "1.2.0",
        "message": "Please cite this data set with its version, so that others find the same state of it.",
        "type": "dataset",
        "title": TITLE["en"],
        "abstract": DESCRIPTION["en"],
        "authors": [{"name": _AUTHOR}],
        "version": edition.version,
        "date-released": edition.issued,
        "license": "CC-BY-4.0",
        "url": edition.home,
        "identifiers": [{"type": "other", "value": edition.snapshot, "description": "The snapshot of the data."}],
        "keywords": list(KEYWORDS),
    }
    return yaml.safe_dump(about, sort_keys=False, allow_unicode=True, width=110)


def sentence(edition: Edition) -> str:
    """How to cite the data set in words."""
    return (
        f"{_AUTHOR} ({edition.issued[:4]}): {TITLE['en']}, version {edition.version} "
        f"(snapshot {edition.snapshot}). CC BY 4.0. {edition.home}"
    )


def crate(edition: Edition, files: dict[str, File]) -> dict[str, Any]:
    """A folder with these files as an RO-Crate."""
    parts: list[dict[str, Any]] = [
        {
            "@id": name,
            "@type": "File",
            "name": package.described(name.removeprefix("dumps/"), LISTINGS) or name,
            "encodingFormat": package.media_type(name),
            "contentSize": str(file.size),
            "sha256": file.sha256,
        }
        for name, file in sorted(files.items())
    ]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "identifier": edition.iri,
        "url": edition.home,
        "name": f"{TITLE['en']} {edition.version}",
        "description": DESCRIPTION["en"],
        "version": edition.version,
        "datePublished": edition.issued,
        "license": {"@id": LICENCE},
        "author": {"@id": "#author"},
        "publisher": {"@id": "#author"},
        "keywords": ", ".join(KEYWORDS),
        "hasPart": [{"@id": part["@id"]} for part in parts],
        "mentions": {"@id": "#software"},
    }
    metadata = {
        "@id": CRATE,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
    }
    named = [
        {"@id": "#author", "@type": "Organization", "name": _AUTHOR},
        {"@id": "#software", "@type": "SoftwareApplication", "name": "hrc-graph", "version": __version__},
        {"@id": LICENCE, "@type": "CreativeWork", "name": "Creative Commons Attribution 4.0 International"},
    ]
    return {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": [metadata, root, *named, *parts]}
