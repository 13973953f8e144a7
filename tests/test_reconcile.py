"""Matching tables with the graph over HTTP, as OpenRefine does."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import httpx
import pyoxigraph as ox
import pytest

from hrc_graph import gazetteer, namespaces
from hrc_graph.gazetteer import spelled
from tests.conftest import Server, select

FORM = {"content-type": "application/x-www-form-urlencoded"}
GEONAMES = """
SELECT ?place ?number WHERE { ?place a hrc:Place ; skos:notation ?number FILTER (DATATYPE(?number) = code:geonames) }
ORDER BY ?place
"""
PREFIXES = (
    "City of {}",
    "Ville de {}",
    "Ciudad de {}",
    "Kota {}",
    "Stadt {}",
    "Municipality of {}",
    "{} City",
    "The {}",
)

Result = list[dict[str, Any]]


def reconcile(server: Server, **queries: dict[str, Any]) -> dict[str, Result]:
    """The candidates for each query, sent as OpenRefine sends them."""
    response = server.post("reconcile", data={"queries": json.dumps(queries)})
    assert response.status_code == 200, response.text
    return {key: found["result"] for key, found in response.json().items()}


def one(server: Server, text: str, **fields: Any) -> Result:
    return reconcile(server, q0={"query": text, **fields})["q0"]


def features(candidate: dict[str, Any]) -> dict[str, Any]:
    return {feature["id"]: feature["value"] for feature in candidate["features"]}


def is_named(thing: dict[str, Any], *also: str) -> bool:
    return {"id", "name"} <= thing.keys() <= {"id", "name", *also} and all(thing[key] for key in ("id", "name"))


def test_the_manifest_says_what_the_specification_asks_for(server: Server) -> None:
    manifest = server.get("reconcile").json()
    assert "0.2" in manifest["versions"]
    assert manifest["name"]
    assert manifest["identifierSpace"] == "https://w3id.org/hrcity/"
    assert manifest["schemaSpace"].startswith("https://")
    assert all(is_named(type, "broader") for type in manifest["defaultTypes"])
    for place in ("view", "feature_view", "preview"):
        assert "{{id}}" in manifest[place]["url"]
    assert isinstance(manifest["preview"]["width"], int)
    assert isinstance(manifest["preview"]["height"], int)
    assert manifest["suggest"].keys() == {"entity", "type", "property"}
    for service in (*manifest["suggest"].values(), manifest["extend"]["propose_properties"]):
        address = service["service_url"] + service["service_path"]
        assert httpx.get(address, params={"prefix": "b", "type": "hrc:Place"}).status_code == 200
    assert httpx.get(manifest["documentation"], headers={"accept": "text/html"}).status_code == 200


def test_openrefine_can_do_its_work_from_the_address_alone(server: Server) -> None:
    column = ["Kab. Lampung Timur", "LAHAT", "Palembang", "Kota Semarang", "Pemkab Wonosobo", "Bojonegoro"]
    manifest = server.get("reconcile").json()

    # It guesses the type of a column from what its first cells may be.
    guess = {f"q{number}": {"query": cell, "limit": 3} for number, cell in enumerate(column)}
    found = reconcile(server, **guess)
    types = Counter(type["id"] for result in found.values() for each in result for type in each["type"])
    assert {"hrc:Place", "hrc:LocalGovernment"} <= types.keys()

    # It asks for ten cells at a time, with the type and another column, and always with type_strict “should”.
    fields = {"type": "hrc:Place", "type_strict": "should", "properties": [{"pid": "country", "v": "Indonesia"}]}
    batch = {f"q{number}": {"query": cell, "limit": 5, **fields} for number, cell in enumerate(column)}
    matched = reconcile(server, **batch)
    assert matched["q0"][0]["id"] == "id/place/id-lampung-timur"
    assert matched["q0"][0]["match"]
    assert [matched[f"q{number}"][0]["id"].rpartition("/")[2] for number in (1, 2, 3, 5)] == [
        "id-lahat", "id-palembang", "id-semarang-city", "id-bojonegoro",
    ]  # fmt: skip

    # It shows a candidate in a frame, opens it, and completes what a person types instead.
    thing = matched["q1"][0]["id"]
    preview = httpx.get(manifest["preview"]["url"].replace("{{id}}", thing.replace("/", "%2F")))
    assert (preview.status_code, preview.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "Kabupaten Lahat" in preview.text
    view = httpx.get(manifest["view"]["url"].replace("{{id}}", thing.replace("/", "%2F")))
    assert (view.status_code, view.headers["location"]) == (303, f"/{thing}")
    suggest = manifest["suggest"]["entity"]
    typed = httpx.get(suggest["service_url"] + suggest["service_path"], params={"prefix": "wono", "type": "hrc:Place"})
    assert typed.json()["result"][0]["id"] == "id/place/id-wonosobo"

    # It offers properties of the type, and fetches those chosen for what was matched.
    propose = manifest["extend"]["propose_properties"]
    address = propose["service_url"] + propose["service_path"]
    proposed = httpx.get(address, params={"type": "hrc:Place", "limit": "100"}).json()
    offered = [prop["id"] for prop in proposed["properties"]]
    assert {"country", "kemendagri", "coordinates", "signed", "member-of", "geonames", "wikidata", "label-ko"} <= {
        *offered
    }
    asked = {"ids": [thing], "properties": [{"id": id} for id in ("country", "kemendagri", "label-id")]}
    extended = server.post("reconcile", data={"extend": json.dumps(asked)}).json()
    assert [column["id"] for column in extended["meta"]] == ["country", "kemendagri", "label-id"]
    assert extended["rows"] == {
        thing: {
            "country": [{"id": "id/place/id", "name": "Indonesia"}],
            "kemendagri": [{"str": "16.04"}],
            "label-id": [{"str": "Kabupaten Lahat"}],
        }
    }


@pytest.mark.parametrize(
    ("text", "type", "found"),
    [
        ("Kab. Lampung Timur", "hrc:Place", "id/place/id-lampung-timur"),
        ("Pemkab Lampung Timur", "hrc:LocalGovernment", "id/gov/id-lampung-timur"),
        ("Barcelone", "hrc:Place", "id/place/es-barcelona"),
        ("BOGOTA", "Place", "id/place/co-bogota"),
        ("Montréal (QC)", "https://w3id.org/hrcity/def/Place", "id/place/ca-montreal"),
        ("18.07", "", "id/place/id-lampung-timur"),
        ("3128760", "hrc:Place", "id/place/es-barcelona"),
        ("gov:id-lahat", "", "id/gov/id-lahat"),
        ("https://w3id.org/hrcity/id/gov/id-lahat", "", "id/gov/id-lahat"),
        ("gwangju principles", "hrc:Charter", "id/text/gwangju-guiding-principles"),
        ("Komnas HAM", "org:Organization", "id/org/id-komnas-ham"),
        ("2017 세계인권도시포럼", "hrc:Event", "id/event/whrcf-2017"),
        ("Derecho a la ciudad", "skos:Concept", "vocab/theme/right-to-the-city"),
    ],
)
def test_an_identifier_or_an_exact_name_is_a_match(server: Server, text: str, type: str, found: str) -> None:
    first, *others = one(server, text, **({"type": type} if type else {}))
    assert (first["id"], first["score"], first["match"]) == (found, 100, True)
    assert not any(other["match"] for other in others)


def test_a_name_that_two_things_have_is_no_match_until_a_type_is_asked_for(server: Server) -> None:
    both = one(server, "Kabupaten Lampung Timur")[:2]
    assert [(each["score"], each["match"]) for each in both] == [(100, False), (100, False)]
    for strict in ("any", "all", "should"):
        first = one(server, "Kabupaten Lampung Timur", type=["hrc:Place"], type_strict=strict)[0]
        assert (first["id"], first["match"]) == ("id/place/id-lampung-timur", True)


def test_types_are_a_condition_or_a_wish(server: Server) -> None:
    assert one(server, "Barcelona", type="Q515") == []
    assert one(server, "Barcelona", type=["hrc:Place", "hrc:Charter"], type_strict="all") == []
    assert one(server, "Lahat", type="org:Organization")[0]["id"] == "id/gov/id-lahat"
    wished = one(server, "Komnas HAM", type="hrc:Place", type_strict="should")[0]
    assert (wished["id"], wished["score"], wished["match"]) == ("id/org/id-komnas-ham", 80, False)
    assert features(wished)["type"] is False


def test_properties_raise_lower_and_decide(server: Server) -> None:
    def asked(text: str, **values: Any) -> dict[str, Any]:
        given = [{"pid": pid, "v": value} for pid, value in values.items()]
        return one(server, text, type="hrc:Place", properties=given)[0]

    elsewhere = asked("Barcelona", country="Indonesia")
    assert (elsewhere["score"], elsewhere["match"], features(elsewhere)["properties"]) == (80, False, 0)
    for country in ("ES", "es", "Spain", "Spanyol", {"id": "id/place/es", "name": "Spain"}, ["Spain", "Spanien"]):
        assert asked("Barcelona", country=country)["match"]
    assert asked("Lahat", region="Sumatera Selatan")["score"] > asked("Lahat", region="Jawa Timur")["score"]
    assert "properties" not in features(asked("Barcelona", region="Catalonia"))  # only its country is recorded
    by_code = asked("lahat", kemendagri="16.04")
    assert (by_code["id"], by_code["score"], by_code["match"]) == ("id/place/id-lahat", 100, True)
    assert not asked("Barcelona", kemendagri="16.04")["match"]
    alone = reconcile(server, q={"properties": [{"pid": "geonames", "v": 3128760}], "type": "hrc:Place"})["q"]
    assert [(each["id"], each["match"]) for each in alone] == [("id/place/es-barcelona", True)]
    assert asked("Kota Semarang", kind="kota")["match"]
    assert "properties" not in features(asked("Barcelona", colour="red"))


def dirty_spellings(store: ox.Store) -> list[tuple[str, str]]:
    """A hundred spellings of cities: names of GeoNames in other languages, dressed up, and mistyped."""
    chance = random.Random(2026)
    rows = {row["place"].removeprefix(namespaces.BASE): int(row["number"]) for row in select(store, GEONAMES)}
    cities = {place: city for place, number in rows.items() if (city := gazetteer.city(number))}
    bearers = Counter(spelled(name) for city in cities.values() for name in {city.name, *city.alternate_names})
    names = [
        (place, name)
        for place, city in sorted(cities.items())
        for name in sorted({city.name, *city.alternate_names})
        if bearers[spelled(name)] == 1 and len(name) > 3
    ]
    spellings = chance.sample(names, 40)
    spellings += [(place, chance.choice(PREFIXES).format(name)) for place, name in chance.sample(names, 30)]
    for place, name in chance.sample([named for named in names if len(named[1]) > 4], 30):
        at = chance.randrange(1, len(name) - 1)
        swapped = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
        typos = (name[:at] + name[at + 1 :], name[:at] + name[at] + name[at:], swapped, name.upper()[:-1])
        spellings.append((place, chance.choice(typos)))
    return spellings


@pytest.fixture(scope="module")
def dirty(server: Server, store: ox.Store) -> list[tuple[str, str, Result]]:
    """What the server gives for each spelling, in batches of ten."""
    spellings, found = dirty_spellings(store), []
    for start in range(0, len(spellings), 10):
        part = spellings[start : start + 10]
        batch = {str(n): {"query": text, "type": "hrc:Place"} for n, (_, text) in enumerate(part)}
        results = reconcile(server, **batch)
        found += [(place, text, results[str(n)]) for n, (place, text) in enumerate(part)]
    return found


def test_a_hundred_dirty_spellings_of_cities_find_them(dirty: list[tuple[str, str, Result]]) -> None:
    missed = [(place, text, [c["id"] for c in found[:2]]) for place, text, found in dirty if not first_is(place, found)]
    print(*missed, sep="\n")
    assert len(dirty) == 100
    assert len(missed) <= 5, missed


def first_is(place: str, found: Result) -> bool:
    return bool(found) and found[0]["id"] == place


def test_no_dirty_spelling_is_matched_with_another_city(dirty: list[tuple[str, str, Result]]) -> None:
    wrong = [(place, text, c["id"]) for place, text, found in dirty for c in found if c["match"] and c["id"] != place]
    assert not wrong


def test_every_score_follows_from_its_features_and_every_match_from_its_grounds(
    dirty: list[tuple[str, str, Result]], server: Server
) -> None:
    wished = one(server, "Lahat", type="hrc:Event", type_strict="should", properties=[{"pid": "country", "v": "FR"}])
    assert wished
    for candidates in (*(found for _, _, found in dirty), wished):
        assert [c["score"] for c in candidates] == sorted((c["score"] for c in candidates), reverse=True)
        for candidate in candidates:
            said = features(candidate)
            score = said["name"] * (0.8 + 0.2 * said.get("properties", 1)) * (1 if said["type"] else 0.8)
            assert candidate["score"] == pytest.approx(100 if said["identifier"] else score, abs=0.06)
            assert 0 <= candidate["score"] <= 100
            if candidate["match"]:
                assert said["identifier"] or (said["exact_name"] and said["only_one"])


def test_results_have_the_form_of_the_specification(dirty: list[tuple[str, str, Result]]) -> None:
    fields = {"id", "name", "description", "type", "score", "match", "features"}
    for _, _, found in dirty:
        assert len(found) <= 5
        for candidate in found:
            assert candidate.keys() == fields
            assert all(is_named(type) for type in candidate["type"])
            assert all(isinstance(value, bool | int | float) for value in features(candidate).values())


def test_a_batch_comes_as_form_as_json_and_in_the_address(server: Server) -> None:
    queries = {"q0": {"query": "Gwangju", "type": "hrc:Place"}}
    forms = [
        server.post("reconcile", data={"queries": json.dumps(queries)}),
        server.post("reconcile", json={"queries": queries}),
        server.get("reconcile", params={"queries": json.dumps(queries)}),
    ]
    assert [response.status_code for response in forms] == [200] * 3
    assert len({response.text for response in forms}) == 1
    assert "etag" not in forms[0].headers
    again = server.get(
        "reconcile", params=forms[2].request.url.params, headers={"if-none-match": forms[2].headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert forms[2].headers["vary"] == "Accept, Accept-Encoding"
    assert forms[2].headers["x-snapshot"] == server.get("health").json()["snapshot"]


def test_every_origin_may_ask_and_jsonp_is_not_needed(server: Server) -> None:
    preflight = httpx.options(server.url + "reconcile", headers={"origin": "https://example.org"})
    assert preflight.status_code == 204
    assert "POST" in preflight.headers["access-control-allow-methods"]
    for path in (
        "reconcile",
        "reconcile/suggest/entity?prefix=lahat",
        "reconcile/preview?id=id/gov/id-lahat",
        "reconcile?x",
    ):
        assert server.get(path).headers["access-control-allow-origin"] == "*"
    refused = server.get("reconcile?callback=f")
    assert (refused.status_code, refused.headers["content-type"]) == (400, "application/problem+json")


def test_only_the_preview_may_be_framed(server: Server) -> None:
    html = {"accept": "text/html"}
    preview = server.get("reconcile/preview?id=id/gov/id-lahat", headers=html)
    assert "frame-ancestors *" in preview.headers["content-security-policy"]
    assert "default-src 'none'" in preview.headers["content-security-policy"]
    for path in ("reconcile", "reconcile/about", "search?q=lahat", "", "reconcile/preview?id=nothing"):
        assert "frame-ancestors 'none'" in server.get(path, headers=html).headers["content-security-policy"]
    assert server.get("reconcile/preview?id=nothing").status_code == 404


def test_suggestions_complete_names_codes_and_ids(server: Server) -> None:
    def suggested(what: str, **given: str) -> list[str]:
        response = server.get(f"reconcile/suggest/{what}", params=given)
        assert response.status_code == 200, response.text
        assert all(is_named(each, "description", "notable", "broader") for each in response.json()["result"])
        return [each["id"] for each in response.json()["result"]]

    assert "id/gov/id-lampung-timur" in suggested("entity", prefix="lampung ti")
    assert suggested("entity", prefix="id/gov/id-lahat")[0] == "id/gov/id-lahat"
    assert suggested("entity", prefix="16.04") == ["id/place/id-lahat"]
    ten = suggested("entity", prefix="kab")
    assert len(ten) == 10
    assert not {*ten} & {*suggested("entity", prefix="kab", cursor="10")}
    assert all(id.startswith("id/place/") for id in suggested("entity", prefix="kota", type="hrc:Place"))
    assert suggested("type", prefix="piag") == ["hrc:Charter"]
    assert "hrc:Place" in suggested("type", prefix="hrc:Pl")
    assert suggested("property", prefix="geon") == ["geonames"]
    assert suggested("entity", prefix="") == []


def test_more_about_things_comes_from_the_graph(server: Server) -> None:
    ids = [
        "id/gov/es-barcelona",
        "id/place/es-barcelona",
        "gov:kr-gwangju",
        "id/text/gwangju-guiding-principles",
        "none",
    ]
    names = [
        "country",
        "geonames",
        "wikidata",
        "coordinates",
        "signed",
        "member-of",
        "kind",
        "code",
        "date",
        "label-ko",
    ]
    asked = {"ids": ids, "properties": [{"id": name} for name in names]}
    answer = server.post("reconcile", data={"extend": json.dumps(asked)}).json()
    assert answer == server.get("reconcile", params={"extend": json.dumps(asked)}).json()
    assert [*answer["rows"]] == ids
    assert all([*row] == names for row in answer["rows"].values())
    government, place, gwangju, text, unknown = answer["rows"].values()
    assert government["geonames"] == place["geonames"] == [{"str": "3128760"}]
    assert place["coordinates"] == [{"str": "41.38879,2.15899"}]
    assert {"id": "id/place/es", "name": "Spain"} in government["country"]
    assert "id/text/european-charter-2000" in {value["id"] for value in government["signed"]}
    assert government["signed"] == place["signed"]
    assert {"id/aim/campaign-10-100-1000", "id/org/uclg-csipdhr"} <= {value["id"] for value in gwangju["member-of"]}
    assert text["kind"] == [{"str": "guiding principles"}]
    assert {"str": "광주인권도시원칙"} in text["label-ko"]
    assert not any(unknown.values())
    signed = select_signed(server, "es-barcelona")
    assert {value["id"] for value in government["signed"]} == signed


def select_signed(server: Server, slug: str) -> set[str]:
    rows = server.rows(
        "PREFIX hrc: <https://w3id.org/hrcity/def/> SELECT DISTINCT ?text WHERE { ?act hrc:under ?text ; "
        f"hrc:actor <https://w3id.org/hrcity/id/gov/{slug}> ; hrc:mode <https://w3id.org/hrcity/vocab/mode/signed> }}"
    )
    return {row["text"].removeprefix(namespaces.BASE) for row in rows}


DEEP = '{"q":' * 20_000
LONG = json.dumps({"q": {"query": "Lahat " * 1_700}})


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({}, 400),
        ({"queries": ""}, 400),
        ({"queries": "[]"}, 400),
        ({"queries": "{"}, 400),
        ({"queries": "null"}, 400),
        ({"queries": "{}"}, 200),
        ({"queries": DEEP}, 400),
        ({"queries": "[" * 200_000}, 400),
        ({"queries": '{"q": "Lahat"}'}, 400),
        ({"queries": '{"q": {}}'}, 400),
        ({"queries": '{"q": {"query": ""}}'}, 400),
        ({"queries": '{"q": {"query": 5}}'}, 400),
        ({"queries": '{"q": {"query": "x", "limit": 0}}'}, 400),
        ({"queries": '{"q": {"query": "x", "limit": "5"}}'}, 400),
        ({"queries": '{"q": {"query": "x", "limit": NaN}}'}, 400),
        ({"queries": '{"q": {"query": "x", "limit": 1e999}}'}, 400),
        ({"queries": '{"q": {"query": "x", "limit": ' + "9" * 5000 + "}}"}, 400),
        ({"queries": '{"q": {"query": "x", "type": {"id": "hrc:Place"}}}'}, 400),
        ({"queries": '{"q": {"query": "x", "type_strict": "maybe"}}'}, 400),
        ({"queries": '{"q": {"query": "x", "properties": [{"p": "country"}]}}'}, 400),
        ({"queries": '{"q": {"query": "x", "colour": "red"}}'}, 400),
        ({"queries": '{"q": {"query": "\\ud800"}}'}, 400),
        ({"queries": '{"\\udfff": {"query": "x"}}'}, 400),
        ({"queries": '{"q": {"query": "\\u0000Lahat\\u0000"}}'}, 200),
        ({"queries": '{"q": {"query": "<script>alert(1)</script>"}}'}, 200),
        ({"queries": LONG}, 400),
        ({"queries": json.dumps({"q": {"query": "Lahat " * 1_600}})}, 200),
        ({"queries": json.dumps({str(n): {"query": "Lahat"} for n in range(51)})}, 413),
        ({"queries": json.dumps({str(n): {"query": "x"} for n in range(100_000)})}, 413),
        ({"extend": "{}"}, 400),
        ({"extend": '{"ids": ["x"], "properties": [{"id": "colour"}]}'}, 400),
        ({"extend": '{"ids": ["<x> } } DROP ALL"], "properties": [{"id": "label"}]}'}, 200),
        ({"extend": json.dumps({"ids": ["x"] * 501, "properties": []})}, 400),
    ],
    ids=lambda value: str(value)[:60],
)
def test_hostile_input_gets_a_clear_answer(server: Server, form: dict[str, str], status: int) -> None:
    response = server.post("reconcile", data=form, headers=FORM)
    assert response.status_code == status, response.text[:500]
    if status != 200:
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["detail"]
        assert response.headers["access-control-allow-origin"] == "*"
    assert server.get("health").status_code == 200


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"queries=%ff", "application/x-www-form-urlencoded", 400),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 400),
        (b"a&" * 100, "application/x-www-form-urlencoded", 400),
        (b"x" * (2**20 + 1), "application/x-www-form-urlencoded", 413),
        (b"[]", "application/json", 400),
        (b"{", "application/json", 400),
        (b"queries={}", "text/plain", 415),
        (b"queries={}", "", 415),
    ],
)
def test_a_body_that_is_none_is_refused(server: Server, content: bytes, media_type: str, status: int) -> None:
    response = server.post("reconcile", content=content, headers={"content-type": media_type})
    assert response.status_code == status, response.text[:500]
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("reconcile/suggest/entity?prefix=a&cursor=x", 400),
        ("reconcile/suggest/entity?prefix=a&cursor=-1", 400),
        ("reconcile/suggest/entity?prefix=" + "a" * 10_000, 200),
        ("reconcile/suggest/entity?prefix=%00%ff", 200),
        ("reconcile/properties?type=hrc:Place&limit=x", 400),
        ("reconcile/view", 404),
        ("reconcile/view?id=//example.org", 404),
        ("reconcile/preview", 404),
        ("reconcile/nothing", 404),
    ],
)
def test_small_services_answer_anything(server: Server, path: str, status: int) -> None:
    assert server.get(path).status_code == status
