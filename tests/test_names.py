"""Finding a thing by any of its names or codes."""

from __future__ import annotations

import random
import subprocess
import sys

import pyoxigraph as ox
import pytest

from hrc_graph import gazetteer, namespaces, records
from hrc_graph.engine import snapshots
from hrc_graph.names import Match, NameIndex, bare, fold, read

BASE = namespaces.BASE
PLACES = """
@prefix hrc: <https://w3id.org/hrcity/def/> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix dcterms: <http://purl.org/dc/terms/> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix kind: <https://w3id.org/hrcity/vocab/kind/> . @prefix code: <https://w3id.org/hrcity/vocab/id-scheme/> .
@prefix place: <id/place/> . @prefix gov: <id/gov/> . @prefix text: <id/text/> . @prefix event: <id/event/> .
@prefix orgn: <id/org/> . @prefix who: <id/person/> . @prefix src: <id/source/> .
place:id dcterms:type kind:country ; skos:prefLabel "Indonesia"@en ; skos:notation "ID"^^code:iso3166-1 .
place:id-jawa-tengah dcterms:type kind:province ; hrc:partOf place:id ; skos:notation "33"^^code:kemendagri ;
  skos:prefLabel "Central Java Province"@en , "Provinsi Jawa Tengah"@id .
place:id-magelang dcterms:type kind:kabupaten ; hrc:partOf place:id-jawa-tengah ;
  skos:prefLabel "Magelang Regency"@en , "Kabupaten Magelang"@id ;
  skos:notation "33.08"^^code:kemendagri , "3308"^^code:bps .
place:id-kota-magelang dcterms:type kind:kota ; hrc:partOf place:id-jawa-tengah ;
  skos:prefLabel "Magelang City"@en , "Kota Magelang"@id ;
  skos:notation "33.71"^^code:kemendagri , "3371"^^code:bps .
gov:id-magelang hrc:primaryPlace place:id-magelang ; skos:prefLabel "Pemerintah Kabupaten Magelang"@id .
gov:id-kota-magelang hrc:primaryPlace place:id-kota-magelang ; skos:prefLabel "Pemerintah Kota Magelang"@id .
place:europe dcterms:type kind:continent ; skos:prefLabel "Europe"@en ; skos:notation "6255148"^^code:geonames .
place:es dcterms:type kind:country ; skos:prefLabel "Spain"@en , "Spanyol"@id ; skos:notation "ES"^^code:iso3166-1 ;
  hrc:partOf place:europe .
place:es-andalusia dcterms:type kind:region ; hrc:partOf place:es ; skos:prefLabel "Andalusia"@en .
place:es-seville dcterms:type kind:city ; hrc:partOf place:es ; skos:prefLabel "Seville"@en .
place:it dcterms:type kind:country ; skos:prefLabel "Italy"@en ; skos:notation "IT"^^code:iso3166-1 .
place:it-florence dcterms:type kind:city ; hrc:partOf place:it ; skos:prefLabel "Florence"@en .
place:us dcterms:type kind:country ; skos:prefLabel "United States"@en ; skos:notation "US"^^code:iso3166-1 .
place:us-rochester dcterms:type kind:city ; hrc:partOf place:us ; skos:prefLabel "Rochester"@en ;
  skos:notation "5134086"^^code:geonames .
text:hrc-res-24-2 hrc:number "A/HRC/RES/24/2" ;
  skos:prefLabel "Human Rights Council resolution 24/2: Local government and human rights"@en .
text:hrc-res-33-8 hrc:number "A/HRC/RES/33/8" ;
  skos:prefLabel "Human Rights Council resolution 33/8: Local government and human rights"@en .
text:id-wonosobo-perda-5-2016 hrc:number "5/2016" ;
  skos:prefLabel "Local Regulation of Wonosobo 5/2016 on Wonosobo Human Rights Friendly Regency"@en ,
    "Peraturan Daerah Kabupaten Wonosobo Nomor 5 Tahun 2016 tentang Kabupaten Wonosobo Ramah HAM"@id .
event:whrcf-2017 skos:prefLabel "World Human Rights Cities Forum 2017"@en ; skos:altLabel "WHRCF 2017"@en .
event:whrcf-2018 skos:prefLabel "World Human Rights Cities Forum 2018"@en ; skos:altLabel "WHRCF 2018"@en .
orgn:habitat-iii skos:prefLabel "Habitat III"@en .
orgn:whrcf foaf:page <http://www.whrcf.org/> ; skos:prefLabel "World Human Rights Cities Forum"@en .
who:suyoto foaf:name "Suyoto" .
src:geonames dcterms:title "GeoNames geographical database"@en .
"""
DIRTY_CITIES = {
    "ar-rosario": 3838583,
    "at-vienna": 2761369,
    "ca-montreal": 6077243,
    "ch-geneva": 2660646,
    "co-bogota": 3688689,
    "es-barcelona": 3128760,
    "fr-saint-denis": 2980916,
    "kr-daejeon": 1835235,
    "kr-gwangju": 1841811,
    "mx-mexico-city": 3530597,
    "nl-utrecht": 2745912,
    "us-new-york": 5128581,
    "us-san-francisco": 5391959,
}
DIRTY_REGENCIES = {
    "id-banyuasin": "Banyuasin",
    "id-bantaeng": "Bantaeng",
    "id-bojonegoro": "Bojonegoro",
    "id-empat-lawang": "Empat Lawang",
    "id-karanganyar": "Karanganyar",
    "id-lahat": "Lahat",
    "id-lampung-timur": "Lampung Timur",
    "id-muara-enim": "Muara Enim",
    "id-musi-banyuasin": "Musi Banyuasin",
    "id-musi-rawas-utara": "Musi Rawas Utara",
    "id-ogan-ilir": "Ogan Ilir",
    "id-ogan-komering-ulu-selatan": "Ogan Komering Ulu Selatan",
    "id-penukal-abab-lematang-ilir": "Penukal Abab Lematang Ilir",
}


@pytest.fixture(scope="module")
def small() -> NameIndex:
    """Real names that are easily taken for each other."""
    store = ox.Store()
    store.extend(snapshots.in_graph("x", records.read(PLACES.encode(), base=BASE, name="x"), base=BASE))
    return NameIndex.of(store, base=BASE)


@pytest.fixture(scope="module")
def shipped(store: ox.Store) -> NameIndex:
    return NameIndex.of(store, base=BASE)


def iri(short: str) -> str:
    prefix, _, slug = short.partition(":")
    return namespaces.prefixes(BASE)[prefix] + slug


def iris(matches: list[Match]) -> set[str]:
    return {match.iri for match in matches}


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Łódź", "lodz"),
        ("Große Straße", "grosse strasse"),
        ("Tromsø", "tromso"),
        ("Đà Nẵng", "da nang"),
        ("İzmir", "izmir"),
        ("  Saint-Denis\t(93) ", "saint denis 93"),
        ("L’Hospitalet de Llobregat", "l hospitalet de llobregat"),
        ("People’s Movement", "peoples movement"),
        ("광주광역시", "광주광역시"),
        ("巴塞罗那", "巴塞罗那"),
        ("ガーナ", "ガーナ"),
        ("القَاهِرَة", "القاهرة"),
        ("कोच्चि", "कोच्चि"),
        ("", ""),
    ],
)
def test_folding_takes_accents_case_and_punctuation_and_leaves_every_script(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert fold(folded) == folded


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("Kab. Lampung Timur", "lampung timur", "regency"),
        ("Pemkab Lahat", "lahat", "regency"),
        ("Lampung Timur Regency Government", "lampung timur", "regency"),
        ("Kotamadya Bandung", "bandung", "city"),
        ("Kota Administrasi Jakarta Selatan", "jakarta selatan", "city"),
        ("Pemprov Jawa Timur", "jawa timur", "province"),
        ("Daerah Khusus Ibukota Jakarta", "jakarta", "province"),
        ("Government of the Special Capital Region of Jakarta", "jakarta", "province"),
        ("City of Vienna", "vienna", "city"),
        ("Stadt Wien", "wien", "city"),
        ("Ville de La Rochelle", "la rochelle", "city"),
        ("Ciudad de México", "mexico", "city"),
        ("Ajuntament d'Alella", "alella", "city"),
        ("Ayuntamiento de Sevilla", "sevilla", "city"),
        ("Municipality of Graz", "graz", "city"),
        ("Gwangju Metropolitan City Government", "gwangju", "metropolitan-city"),
        ("광주광역시", "광주", "metropolitan-city"),
        ("광주시", "광주", "city"),
        ("Kota", "kota", None),
        ("Kotawaringin Barat", "kotawaringin barat", None),
    ],
)
def test_words_for_the_kind_are_taken_off_and_remembered(text: str, name: str, kind: str | None) -> None:
    reading = read(text)
    assert (reading.bare, reading.kind_hint) == (name, kind)
    assert bare(text, "gov") == name
    assert bare(text, "text") == fold(text)


@pytest.mark.parametrize(
    ("text", "countries", "region"),
    [
        ("Montréal (QC)", ("CA",), "CA-QC"),
        ("Montréal, Canada", ("CA",), None),
        ("San Francisco, CA", ("CA", "US"), "US-CA"),
        ("Barcelona (Spain)", ("ES",), None),
        ("Lahat, ID", ("ID", "US"), "US-ID"),
        ("Durban (eThekwini)", (), None),
    ],
)
def test_an_ending_says_where(text: str, countries: tuple[str, ...], region: str | None) -> None:
    assert (read(text).country_hint, read(text).region_hint) == (countries, region)


@pytest.mark.parametrize(
    ("text", "types", "found"),
    [
        ("gov:id-lahat", {"gov"}, "gov:id-lahat"),
        (f"{BASE}id/place/id-lahat", {"place"}, "place:id-lahat"),
        (f"<{BASE}id/org/un-hrc>", {"org"}, "orgn:un-hrc"),
        ("18.07", {"place"}, "place:id-lampung-timur"),
        ("18.07", {"gov"}, "gov:id-lampung-timur"),
        ("18.07", {"gov", "place"}, "place:id-lampung-timur"),
        ("kemendagri:18.07", {"place"}, "place:id-lampung-timur"),
        ("geonames:1841811", {"place"}, "place:kr-gwangju"),
        ("KR", {"place"}, "place:kr"),
        ("A/HRC/RES/24/2", {"text"}, "text:hrc-res-24-2"),
        ("Kabupaten Lampung Timur", {"place"}, "place:id-lampung-timur"),
        ("Kab. Lampung Timur", {"place"}, "place:id-lampung-timur"),
        ("KAB LAMPUNG TIMUR", {"gov"}, "gov:id-lampung-timur"),
        ("Pemkab Lampung Timur", {"gov"}, "gov:id-lampung-timur"),
        ("Barcelone", {"place"}, "place:es-barcelona"),
        ("bogota", {"place"}, "place:co-bogota"),
        ("Montréal (QC)", {"place"}, "place:ca-montreal"),
        ("Montréal (QC)", {"gov"}, "gov:ca-montreal"),
        ("San Francisco, CA", {"place"}, "place:us-san-francisco"),
        ("Barcelona, España", {"place"}, "place:es-barcelona"),
        ("Wien", {"place"}, "place:at-vienna"),
        ("Vienna", {"place"}, "place:at-vienna"),
        ("Wina", {"place"}, "place:at-vienna"),
        ("Ginebra", {"place"}, "place:ch-geneva"),
        ("Nueva York", {"place"}, "place:us-new-york"),
        ("광주광역시", {"place"}, "place:kr-gwangju"),
        ("Komnas HAM", {"org"}, "orgn:id-komnas-ham"),
        ("KKP HAM", {"aim"}, "aim:kkp-ham"),
        ("suyoto", {"person"}, "who:suyoto"),
    ],
)
def test_an_id_a_code_or_an_exact_name_is_certain(shipped: NameIndex, text: str, types: set[str], found: str) -> None:
    (match,) = shipped.find(text, types=types)
    assert (match.iri, match.score, match.certain) == (iri(found), 100, True)
    assert match.why


@pytest.mark.parametrize(
    ("text", "types", "found", "score"),
    [
        ("Lahat", {"place"}, "place:id-lahat", 95),
        ("East Lampung", {"place"}, "place:id-lampung-timur", 95),
        ("Lahat, Sumatera Selatan", {"place"}, "place:id-lahat", 95),
        ("Regency of Lahat", {"place"}, "place:id-lahat", 97),
        ("광주", {"place"}, "place:kr-gwangju", 95),
        ("Kwangju", {"place"}, "place:kr-gwangju", 93),
        ("Kwangju", {"gov"}, "gov:kr-gwangju", 93),
        ("Wenen", {"place"}, "place:at-vienna", 93),
        ("Barclona", {"place"}, "place:es-barcelona", 84.7),
    ],
)
def test_anything_less_is_found_but_left_to_people(
    shipped: NameIndex, text: str, types: set[str], found: str, score: float
) -> None:
    first = shipped.find(text, types=types)[0]
    assert (first.iri, first.score, first.certain) == (iri(found), score, False)


@pytest.mark.parametrize("text", ["Sevilla", "Séville", "Siviglia", "Sevilha", "セビリア"])
def test_geonames_knows_names_that_the_graph_does_not(small: NameIndex, text: str) -> None:
    assert small.find(text, types={"place"}, country="ES")[0].iri == iri("place:es-seville")
    assert small.find("Firenze", types={"place"})[0].why == "GeoNames: Firenze"


@pytest.mark.parametrize("types", [{"place"}, {"gov"}])
def test_a_city_and_the_regency_around_it_are_two(small: NameIndex, types: set[str]) -> None:
    prefix = next(iter(types))
    city, regency = iri(f"{prefix}:id-kota-magelang"), iri(f"{prefix}:id-magelang")
    for text, right in (("Kota Magelang", city), ("Kab. Magelang", regency), ("Magelang Regency", regency)):
        assert [(m.iri, m.certain) for m in small.find(text, types=types)] == [(right, True)]
    both = small.find("Magelang", types=types)
    assert iris(both) == {city, regency}
    assert not any(match.certain for match in both)
    assert iris(small.find("Magelang", types=types, kind="kota")) == {city}
    assert iris(small.find("Magelang", types=types, kind="kabupaten", country="ID")) == {regency}
    assert small.find("Magelang", types=types, country="ES") == []
    assert iris(small.find("Kota Magelan", types=types)) == {city}


def test_a_place_and_its_government_share_names_and_types_choose(small: NameIndex) -> None:
    both = small.find("Kota Magelang", types={"place", "gov"})
    assert {iri("place:id-kota-magelang"), iri("gov:id-kota-magelang")} <= iris(both)
    assert not any(match.certain for match in both)


def test_of_two_with_the_same_name_neither_is_certain(small: NameIndex) -> None:
    index = NameIndex(BASE)
    for slug in ("us-springfield-il", "us-springfield-ma"):
        index.add(iri("place:" + slug), ["Springfield"], kind="city", country="US")
    both = index.find("Springfield", types={"place"})
    assert [(match.score, match.certain) for match in both] == [(100, False), (100, False)]


def test_a_plain_name_is_not_certain_while_others_bear_it_with_their_kind(small: NameIndex) -> None:
    index = NameIndex(BASE)
    index.add(iri("place:id-kota-bandung"), ["Bandung", "Kota Bandung"], kind="kota", country="ID")
    index.add(iri("place:id-bandung"), ["Kabupaten Bandung"], kind="kabupaten", country="ID")
    assert [match.certain for match in index.find("Bandung", types={"place"})] == [False, False]
    assert index.find("Kota Bandung", types={"place"})[0].certain


@pytest.mark.parametrize(
    ("text", "certain"), [("Rochester, NY", True), ("Rochester, MN", None), ("Rochester, Canada", None)]
)
def test_an_ending_that_says_elsewhere_rules_out(small: NameIndex, text: str, certain: bool | None) -> None:
    found = small.find(text, types={"place"})
    assert [match.certain for match in found] == ([certain] if certain else [])


def test_a_region_of_the_graph_is_understood_behind_a_name(small: NameIndex, shipped: NameIndex) -> None:
    assert small.find("Kota Magelang, Jawa Tengah", types={"place"})[0].certain
    assert small.find("Seville (Spanyol)", types={"place"})[0].certain
    assert shipped.find("Lahat, Jawa Timur", types={"place"}) == []


def test_a_continent_says_no_more_of_the_region_than_a_country_and_is_in_no_country(small: NameIndex) -> None:
    (found,) = small.find("Seville, Andalusia", types={"place"})  # recorded as a part of Spain, of no region
    assert (found.iri, found.certain) == (iri("place:es-seville"), False)
    assert small.find("Seville, Europe", types={"place"})[0].certain
    assert small.find("Europe", types={"place"})[0].certain
    assert small.find("Europe", types={"place"}, country="ES") == []


@pytest.mark.parametrize(
    ("text", "types", "found"),
    [
        ("HRC resolution 24/2", {"text"}, {"text:hrc-res-24-2"}),
        ("Human Rights Council resolution 2/24 local government", {"text"}, set()),
        ("Human Rights Council resolution 24/3: Local government and human rights", {"text"}, set()),
        ("Human Rights Council resolution: Local government and human rights", {"text"}, set()),
        ("Perda Kabupaten Wonosobo 05/2016 Ramah HAM", {"text"}, {"text:id-wonosobo-perda-5-2016"}),
        ("Peraturan Daerah Wonosobo Nomor 6 Tahun 2016 tentang Ramah HAM", {"text"}, set()),
        ("World Human Rights City Forum 2017", {"event"}, {"event:whrcf-2017"}),
        ("2018 World Human Rights Cities Forum", {"event"}, {"event:whrcf-2018"}),
        ("WHRCF 2019", {"event"}, set()),
        ("WHRCF", {"event"}, set()),
        ("Habitat II", {"org"}, set()),
        ("UN Habitat III", {"org"}, {"orgn:habitat-iii"}),
    ],
)
def test_other_numbers_are_never_alike(small: NameIndex, text: str, types: set[str], found: set[str]) -> None:
    assert iris(small.find(text, types=types)) == {iri(short) for short in found}


def test_a_number_that_every_regency_uses_is_not_certain(small: NameIndex) -> None:
    (match,) = small.find("5/2016", types={"text"})
    assert (match.iri, match.certain) == (iri("text:id-wonosobo-perda-5-2016"), False)


def test_a_page_is_a_code(small: NameIndex) -> None:
    assert small.find("http://www.whrcf.org", types={"org"})[0].certain
    assert small.find("http://www.whrcf.org/2017", types={"org"}) == []


def test_what_is_added_is_found_at_once(shipped: NameIndex) -> None:
    index = NameIndex(BASE)
    index.add(iri("place:de"), ["Germany"], codes=[("iso3166-1", "DE")], kind="country")
    assert index.find("Nürnberg", types={"place", "gov"}) == []
    index.add(iri("place:de-nuremberg"), ["Nuremberg"], kind="city", part_of=iri("place:de"))
    index.add(iri("gov:de-nuremberg"), ["City of Nuremberg"], place=iri("place:de-nuremberg"))
    assert index.find("Nürnberg", types={"gov"}, country="DE", kind="city")[0].iri == iri("gov:de-nuremberg")
    assert index.find("Stadt Nuremberg, DE", types={"gov"})[0].score == 97
    with pytest.raises(ValueError, match="not a thing"):
        index.add(f"{BASE}id/act/x", ["x"])


@pytest.mark.parametrize("text", ["", " ", "()", ",", "?", "(((((", ", ," * 300, "x" * 100_000])
def test_nothing_is_found_by_signs_without_a_name(shipped: NameIndex, text: str) -> None:
    assert shipped.find(text, types={"place", "gov", "text"}) == []


def dirty_spellings() -> list[tuple[str, str]]:
    """A hundred spellings of places, as lists have them: foreign, dressed up, cut off and mistyped."""
    chance = random.Random(2030)
    cities = {slug: gazetteer.city(number) for slug, number in DIRTY_CITIES.items()}
    foreign = [(slug, name) for slug, city in cities.items() if city for name in city.alternate_names]
    names = [(slug, city.name) for slug, city in cities.items() if city] + [*DIRTY_REGENCIES.items()]
    regencies = [*DIRTY_REGENCIES.items()]
    spellings = chance.sample(foreign, 50)
    for way in ("Kab. {}", "Pemkab {}", "KABUPATEN {}", "{} Regency", "{}, Indonesia"):
        spellings += [(slug, way.format(name)) for slug, name in chance.sample(regencies, 2)]
    spellings += [(slug, name[: -chance.randint(1, 2)]) for slug, name in chance.sample(names, 15)]
    for slug, name in chance.sample(names, 25):
        at = chance.randrange(1, len(name) - 1)
        typo = (
            name[:at] + name[at + 1 :],
            name[:at] + name[at] + name[at:],
            name[:at] + chance.choice("aeiou") + name[at:],
        )
        spellings.append((slug, chance.choice(typo)))
    return spellings


def test_a_hundred_dirty_spellings_find_their_place(shipped: NameIndex) -> None:
    spellings = dirty_spellings()
    assert len(spellings) == 100
    found = {(slug, text): shipped.find(text, types={"place"}) for slug, text in spellings}
    missed = [
        (*asked, matches[:2]) for asked, matches in found.items() if iri(f"place:{asked[0]}") not in iris(matches[:1])
    ]
    assert len(missed) <= 5, missed
    for (slug, text), matches in found.items():
        wrong = [match for match in matches if match.certain and match.iri != iri(f"place:{slug}")]
        assert not wrong, text


@pytest.mark.parametrize(
    ("name", "country", "kind", "certain"),
    [
        ("Barcelone", "ES", "city", [3128760]),
        ("Genf", "Switzerland", "city", [2660646]),
        ("Montréal (QC)", "CA", "city", [6077243]),
        ("Montréal (ON)", "CA", "city", []),
        ("Kota Metro", "ID", "kota", [1635283]),
        ("Lahat", "ID", "kabupaten", []),
        ("Kabupaten Lahat", "ID", "city", []),
        ("Gwangju", "KR", "metropolitan-city", [1841811]),
        ("Gwangju Metropolitan City", "1835841", "city", [1841811]),
        ("Gwangju", "KR", "city", []),
        ("Rochester", "US", "city", []),
        ("Rochester, MN", "US", "city", [5043473]),
        ("Barcelona", "Atlantis", "city", []),
    ],
)
def test_a_city_is_located_for_certain_only_if_nothing_else_bears_its_name(
    name: str, country: str, kind: str, certain: list[int]
) -> None:
    assert [found.geonameid for found in gazetteer.locate(name, country, kind) if found.certain] == certain


def test_both_gwangjus_are_candidates_and_the_region_chooses() -> None:
    assert {found.geonameid for found in gazetteer.locate("광주", "KR", "city")} == {1841810, 1841811}
    (found,) = gazetteer.locate("Gwangju", "KR", "city", admin1="13")
    assert (found.geonameid, found.certain, found.country) == (1841810, True, "KR")
    assert (round(found.latitude), round(found.longitude), found.population > 50_000) == (37, 127, True)


@pytest.mark.parametrize("text", ["KR", "KOR", "1835841", "South Korea", "south korea"])
def test_a_country_is_known_by_code_id_and_name(text: str) -> None:
    asia = gazetteer.Continent("AS", 6255147, "Asia")
    assert gazetteer.country(text) == gazetteer.Country("KR", 1835841, "South Korea", asia)


def test_the_gazetteer_is_not_loaded_before_it_is_asked() -> None:
    code = "from hrc_graph import gazetteer, names; print(gazetteer._world.cache_info().currsize)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "0\n"
