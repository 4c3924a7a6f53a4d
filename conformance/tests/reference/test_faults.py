"""Each fault answers some plain request otherwise than the clean server, whatever the seed."""

import re

import httpx
import pytest

from conformance.reference.app import create_app
from conformance.reference.dates import span
from conformance.reference.faults import FAULTS
from conformance.reference.faults_ignored import IGNORED, SHORT
from conformance.reference.nomenclature import system_url
from conformance.reference.parameters import PARAMETERS
from conformance.reference.region import generate
from conformance.reference.server import Running, stored

SEEDS = (1, 2026)
R66, UCUM = system_url("TRE_R66-CategorieEtablissement"), "http://unitsofmeasure.org"
HS, LOC, ORG = "HealthcareService?", "Location?", "Organization?"
GUIDE = (
    "&_include=HealthcareService:organization&_include:iterate=Organization:partof&_include=HealthcareService:location"
    "&_revinclude=PractitionerRole:service"
)
NEAR = "location.near=47.2184|-1.5536|60|km&_include=HealthcareService:location"
# {day} is the day, {instant} the instant of an update; {id}, {finess}, {of_type} are of resources of the region
PLAIN = {
    "and-as-or": HS + "specialty=242&_tag=53",
    "comma-as-and": HS + "specialty=242,241",
    "comma-first-only": HS + "specialty=242,241",
    "code-without-system-unmatched": HS + "specialty=242",
    "identifier-with-system-unmatched": ORG + "identifier=https://finess.esante.gouv.fr|{finess}",
    "postal-code-exact": LOC + "address-postalcode=44",
    "near-in-metres": HS + NEAR,
    "near-insee-code-in-metres": LOC + "near-insee-code=44109|60|km",
    "nb-capacity-prefix-ignored": LOC + "nb-capacity=gt5",
    "quantity-with-unit-unmatched": HS + "age-range-low=ge1|" + UCUM + "|a",
    "filter-ignored": HS + "_filter=specialty eq 242",
    "filter-or-as-and": HS + "_filter=specialty eq 242 or 241",
    "chain-ignored": HS + "location.address-postalcode=44",
    "has-ignored": HS + "_has:PractitionerRole:service:_lastUpdated=gt2020",
    "not-ignored": HS + "specialty:not=242",
    "of-type-ignored": LOC + "identifier:of-type={of_type}",
    "above-ignored": HS + "organization.type:above=355",
    "unknown-modifier-ignored": HS + "name:text=x",
    "date-gt-as-ge": HS + "_lastUpdated=gt{day}",
    "date-lt-as-le": HS + "_lastUpdated=lt{day}",
    "date-sa-as-ge": HS + "_lastUpdated=sa{day}",
    "date-le-ignored": HS + "_lastUpdated=le2025-06",
    "sort-ignored": HS + "_sort=-_lastUpdated",
    "sort-direction-wrong": HS + "_sort=-_lastUpdated",
    "total-with-includes": HS + "specialty=242" + GUIDE,
    "include-organization-missing": HS + "specialty=242" + GUIDE,
    "include-location-missing": HS + "specialty=242" + GUIDE,
    "include-iterate-missing": HS + "specialty=242" + GUIDE,
    "include-unrelated": HS + "specialty=242" + GUIDE,
    "revinclude-missing": HS + "specialty=242,241" + GUIDE,
    "revinclude-offer-missing": LOC + "_count=20&_revinclude=HealthcareService:location",
    "mode-all-match": HS + "specialty=242" + GUIDE,
    "distance-missing": HS + NEAR,
    "distance-too-short": HS + NEAR,
    "distance-other-extension": HS + NEAR,
    "self-without-parameters": HS + "specialty=242",
    "empty-is-404": HS + "identifier=none",
    "empty-is-500": HS + "identifier=none",
    "format-xml-accepted": HS + "_format=xml",
    "error-as-html": HS + "_lastUpdated=x",
    "error-without-body": HS + "_lastUpdated=x",
    "error-as-success": HS + "_lastUpdated=x",
    "error-as-500": HS + "_lastUpdated=x",
    "stack-trace": HS + "_lastUpdated=x",
    "unknown-id-200": "HealthcareService/0",
    "unknown-id-500": "HealthcareService/0",
    "read-other-resource": "HealthcareService/{id}",
    "read-other-content": "HealthcareService/{id}",
    "page-too-large": HS,
}
PAGED = HS + "_count=10"
ORDERED = {"number": "gt10", "quantity": "gt20", "near": "47.2184|-1.5536|5|km", "content": "kerlann"}


def ignored_probe(fault, store):
    """A search by the parameter that the fault ignores, on a value that some but not all resources hold."""
    kind = next(kind for kind, short in SHORT.items() if fault.name.startswith(f"{short.lower()}-"))
    name = next(
        name for name in PARAMETERS[kind] if fault.name == f"{SHORT[kind].lower()}-{name.lstrip('_')}-ignored"
    )
    parameter, by = PARAMETERS[kind][name], store.index(kind, name).by
    if name == "near-insee-code":
        return f"{kind}?{name}=44109|5|km"
    if parameter.kind == "date":
        start = sorted(by)[len(by) // 2][0]
        year = next(year for year in range(2000, 2040) if span(str(year))[1] > start)
        return f"{kind}?{name}=ge{year}-06"
    if parameter.kind in ORDERED:
        return f"{kind}?{name}={ORDERED[parameter.kind]}"
    value = next(value for value, ranks in by.items() if len(ranks) < store.count(kind))
    return f"{kind}?{name}={value[1] if parameter.kind == 'token' else value[:6]}"


def facts(store):
    """What the probes need of the region."""
    place = next(
        store.at("Location", rank) for rank in range(9) if len(store.at("Location", rank)["identifier"]) == 2
    )
    instants = sorted(store.at("HealthcareService", rank)["meta"]["lastUpdated"] for rank in range(50))
    kind, offer = place["identifier"][0]["type"]["coding"][0], store.at("HealthcareService", 3)
    return {
        "day": next(one for one in instants[20:] if "04" < one[11:13] < "20")[:10],  # the same day in every time zone
        "id": offer["id"],
        "finess": store.at("Organization", 0)["identifier"][1]["value"],
        "of_type": f"{kind['system']}|{kind['code']}|{place['identifier'][0]['value']}",
    }


def probes(fault, store):
    if fault in IGNORED:
        return [ignored_probe(fault, store)]
    if fault.capability is not None or fault.name == "metadata-missing":
        return ["metadata"]
    if fault.name.split("-")[0] in ("hs", "loc", "org"):
        return [{"hs": HS, "loc": LOC, "org": ORG}[fault.name.split("-")[0]]]
    return [PLAIN.get(fault.name, PAGED).format(**facts(store))]


class Street:
    """Many applications behind one port, each under its own name."""

    def __init__(self, apps):
        self.apps = apps

    async def __call__(self, scope, receive, send):
        await self.apps[scope["path"].split("/")[1]](scope, receive, send)


@pytest.fixture(scope="module", params=SEEDS)
def street(request):
    sizes = {fault.offers for fault in FAULTS.values()}
    regions = {size: list(generate(size, request.param)) for size in sizes}
    stores = {size: stored(region) for size, region in regions.items()}
    apps = {
        f"clean-{size}": create_app(store, profile_id="ror-fhir-0.7.0", base_path=f"/clean-{size}")
        for size, store in stores.items()
    }
    for name, fault in FAULTS.items():
        store = stored(regions[fault.offers], fault) if fault.resource else stores[fault.offers]
        apps[name] = create_app(store, profile_id="ror-fhir-0.7.0", base_path=f"/{name}", fault=fault)
    apps |= {
        f"twin-{size}": create_app(store, profile_id="ror-fhir-0.7.0", base_path=f"/twin-{size}")
        for size, store in stores.items()
    }
    with Running(Street(apps), base_path="") as base, httpx.Client(trust_env=False, base_url=base) as client:
        yield client, stores


def answer(client, name, path):
    """An answer and that of its next page, without what names the server."""
    found = []
    url = f"/{name}/{path}"
    while url and len(found) < 2:
        got = client.get(url)
        links = re.findall(rb'"next","url":"([^"]+)"', got.content)
        body = re.sub(rb"_page=[0-9a-f]{8}", b"_page", got.content.replace(f"/{name}".encode(), b""))
        found.append((got.status_code, got.headers.get("content-type"), re.sub(rb'"date":"[^"]+"', b"", body)))
        url = links[0].decode() if links else None
    return found


def test_every_fault_shows_in_a_plain_request(street):
    client, stores = street
    clean, silent = {}, []
    for name, fault in FAULTS.items():
        for path in () if fault.writes or fault.seen or fault.law or fault.secured else probes(fault, stores[fault.offers]):
            key = (f"clean-{fault.offers}", path)
            if key not in clean:
                clean[key] = answer(client, *key)
                assert clean[key] == answer(client, key[0].replace("clean", "twin"), path), "clean servers differ"
            if answer(client, name, path) == clean[key]:
                silent.append((name, path))
    assert silent == []


def test_catalogue():
    families = {re.match(r"ROR-[A-Z]+", fault.breaks)[0] for fault in FAULTS.values()}
    assert families == {
        f"ROR-{word}" for word in ("HTTP", "SP", "SRC", "PAG", "BDL", "STR", "NOM", "CAP", "ERR", "RD", "SEC", "TLS", "TOK")
    }
    assert all(set(fault.title) == {"fr", "en"} and fault.breaks not in fault.also for fault in FAULTS.values())
    assert all(sum(map(bool, hooks(fault))) == 1 for fault in FAULTS.values())


def hooks(fault):
    return (
        fault.resource,
        fault.query,
        fault.combine,
        fault.matches,
        fault.page_sizes,
        fault.window,
        fault.included,
        fault.bundle,
        fault.read,
        fault.capability,
        fault.answer,
        fault.lax,
        fault.seen,
        fault.stored,
        fault.operations,
        fault.client_ids,
        fault.unchecked,
        fault.lenient,
    )
