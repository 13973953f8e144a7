"""What the page of each kind of thing shows, as data."""

from __future__ import annotations

from typing import Final

from hrc_graph.web.kinds.actors import GOVERNMENT, ORGANISATION, PERSON, PLACE
from hrc_graph.web.kinds.meetings import CAMPAIGN, EVENT, PROGRAMME, SERIES
from hrc_graph.web.kinds.parts import CONFLICTS, Cell, Kind, Part
from hrc_graph.web.kinds.texts import CLAIM, INSTRUMENT, SOURCE, THEME

__all__ = ["CONFLICTS", "KINDS", "THEME", "Cell", "Kind", "Part"]

KINDS: Final = {
    "hrc:LocalGovernment": GOVERNMENT,
    "hrc:Place": PLACE,
    "hrc:Charter": INSTRUMENT,
    "hrc:Regulation": INSTRUMENT,
    "hrc:Resolution": INSTRUMENT,
    "hrc:Agreement": INSTRUMENT,
    "hrc:Recommendation": INSTRUMENT,
    "hrc:Instrument": INSTRUMENT,
    "hrc:Event": EVENT,
    "hrc:EventSeries": SERIES,
    "hrc:Campaign": CAMPAIGN,
    "hrc:AwardProgramme": PROGRAMME,
    "hrc:Source": SOURCE,
    "hrc:Claim": CLAIM,
    "org:Organization": ORGANISATION,
    "org:FormalOrganization": ORGANISATION,
    "org:OrganizationalUnit": ORGANISATION,
    "foaf:Person": PERSON,
}
"""By class; themes are known by their path. Everything else has the page that any thing has."""
