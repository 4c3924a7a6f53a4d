"""One case per kind of finding: wrong answers that give it, right ones that do not, and the golden text told of it."""

import json
import os
import re
from pathlib import Path

import pytest

from conformance.checks import CHECKS, Ground
from conformance.codes import CODES
from conformance.model import Trouble
from conformance.report import texts
from conformance.tests.checks.stage import answer, entry, example, findings, offer, place, searchset

GOLDEN = Path(__file__).parent / "golden"
GUIDE = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition"
TRE_227 = "https://mos.esante.gouv.fr/NOS/TRE_R227-ChampActivite/FHIR/TRE-R227-ChampActivite"
TRE_G15 = "https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante"
TRE_R13 = "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM"
OUTCOME = {"resourceType": "OperationOutcome",
           "issue": [{"severity": "error", "code": "invalid", "diagnostics": "no such parameter"}]}
BY_NAME = [("name", "Alpha")]
NAMED = [searchset(entry(offer("1", name="Alpha")))]
ACCEPTED = answer(b"", 202, **{"Content-Location": "https://ror.example/fhir/status"})
MANIFEST = {"transactionTime": "2026-01-01T00:00:00Z", "request": "x", "requiresAccessToken": True, "error": [],
            "output": [{"type": "HealthcareService", "url": "https://ror.example/fhir/1"}]}
LINES = b"\n".join(json.dumps(one).encode() for one in (offer(name="Alpha"), place()))
FILED = ("step", "status", "file")
CENTRE = "48.0|-3.0|10|km"


def statement(**changes):
    """A CapabilityStatement that declares what the guide asks of Location, changed."""
    resource = {"type": "Location", "interaction": [{"code": one} for one in ("read", "search-type", "create", "patch")],
                "searchParam": [{"name": "near"}], "searchInclude": [], **changes.pop("resource", {})}
    return {"resourceType": "CapabilityStatement", "kind": "instance", "fhirVersion": "4.0.1",
            "format": ["application/fhir+json"], "rest": [{"mode": "server", "resource": [resource]}], **changes}


def near(kilometres, **changes):
    """A place 5.56 km north of the centre, with the distance that is said of it."""
    said = {"url": "http://hl7.org/fhir/StructureDefinition/location-distance",
            "valueDistance": {"value": kilometres, "unit": "km"}}
    return entry(place("1", position={"latitude": 48.05, "longitude": -3.0}),
                 search={"mode": "match", "extension": [said] if kilometres is not None else []}, **changes)


def coded(system=TRE_227, code="02"):
    """An offer whose field of activity carries this code."""
    return example("HealthcareService", type=[{"coding": [{"system": system, "code": code}]}])


def profession(code):
    """An offer whose staff is of this profession."""
    made = example("HealthcareService")
    return {**made, "characteristic": [*made["characteristic"], {"coding": [{"system": TRE_G15, "code": code}]}]}


def commune(code):
    """The extension that says in which commune a place is."""
    return {"url": f"{GUIDE}/ror-commune-cog", "valueCodeableConcept": {"coding": [{"system": TRE_R13, "code": code}]}}


def with_extensions(kind, *more, without=()):
    """An example with extensions added, and others left out."""
    made = example(kind)
    made["extension"] = [one for one in made["extension"] if one["url"] not in without] + list(more)
    return made


def case(check, parameters, wrong, right, **how):
    """Answers that give the finding and answers that do not; ``how`` goes for both, ``wrong_…`` for the wrong ones."""
    mine = {name.removeprefix("wrong_"): value for name, value in how.items() if name.startswith("wrong_")}
    both = {name: value for name, value in how.items() if not name.startswith("wrong_")}
    return (check, parameters, wrong, {**both, **mine}), (check, parameters, right, both)


def structure(kind, aspect, wrong, right=None):
    """A resource that its structure does not want, beside one that it does."""
    name = {"HealthcareService": "ror-healthcareservice", "Location": "ror-location",
            "Organization": "ror-organization"}[kind]
    return case("conforms", {"structure": name, "aspect": aspect}, [searchset(entry(wrong))],
                [searchset(entry(right or example(kind)))], path=kind)


SENSITIVE, OPEN = ({"url": f"{GUIDE}/ror-healthcareservice-sensitive-unit", "valueBoolean": one} for one in (True, False))


def access(there, wrong, right, requirement):
    """What access profile 0 may not be shown, or kept from, of what there is; beside what it should be shown."""
    return case("access-policy", {}, [searchset(entry(wrong))], [searchset(*([entry(right)] if right else []))],
                earlier={"all": [searchset(entry(there))]}, access="0", requirement=requirement)


TLS = "TLSv1.3 TLS_AES_256_GCM_SHA384"
ALERT = Trouble("transport.tls", "[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version (_ssl.c:1006)")


def untrusted(why):
    """What a client of TLS says of the certificate of a server."""
    return Trouble("transport.tls", f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {why} (_ssl.c:1006)")


def refusal(check, identity, wrong, right, **how):
    """What a client that must be refused receives, beside what the right one does for the same request."""
    return case(check, {"beside": "right"}, wrong, right, access=identity, **{"earlier": {"right": NAMED}, **how})


TROUBLES = ("refused", "name", "tls", "connect-timeout", "network", "too-slow", "closed", "not-http", "too-large",
            "encoding", "token", "run-time")
CASES = {
    **{f"transport.{name}": case("status", 200, [Trouble(f"transport.{name}", "what the network said")], NAMED)
       for name in TROUBLES},
    "blocked.no-answer": case("searchset", {}, [Trouble("transport.closed", "the connection was reset")], NAMED),
    "blocked.status": case("searchset", {}, [answer(OUTCOME, 400)], NAMED),
    "blocked.body": case("total", {}, [answer(b"<html>")], NAMED),
    "blocked.pages": case("none-missing", {}, [searchset(entry(offer("1", name="Alpha")), next_link="n")], NAMED,
                          known=[offer("1", name="Alpha")], query=BY_NAME, wrong_ending="broken"),
    "blocked.no-match": case("every-match", {}, [searchset()], NAMED, query=BY_NAME),
    "blocked.unstable": case("every-match", {}, [searchset(entry(offer("1", name="Beta")))], NAMED, query=BY_NAME,
                             wrong_stable=False),
    "data.no-example": case("none-missing", {}, NAMED, NAMED, query=BY_NAME, known=[offer("1", name="Alpha")],
                            wrong_known=[offer("2", name="Beta")]),
    "data.too-many": case("pages-partition", {}, [searchset(entry(offer("1")), total=9, next_link="n"),
                                                  searchset(entry(offer("2")), total=9, next_link="m")],
                          [searchset(entry(offer("1")), total=2, next_link="n"), searchset(entry(offer("2")), total=2)],
                          wrong_ending="limit"),
    "data.changed": case("same-as", {"step": "found"}, [offer("1", meta={"versionId": "2"})],
                         [offer("1", meta={"versionId": "1"})], path="HealthcareService/1",
                         earlier={"found": [searchset(entry(offer("1", meta={"versionId": "1"})))]}),
    "access.shown": access(offer("1", name="Alpha", extension=[SENSITIVE]), offer("1", name="Alpha", extension=[SENSITIVE]),
                           None, "ROR-SEC-060"),
    "access.hidden": access(offer("1", name="Alpha", extension=[OPEN]), offer("1", extension=[OPEN]),
                            offer("1", name="Alpha", extension=[OPEN]), "ROR-SEC-060"),
    "access.beyond": access(offer("1", extension=[OPEN]), offer("1", extension=[OPEN], name="Alpha"),
                            offer("1", extension=[OPEN]), "ROR-SEC-046"),
    "http.status": case("status", 404, [answer(OUTCOME, 500)], [answer(OUTCOME, 404)]),
    "http.content-type": case("content-type", "application/fhir+json", [answer({}, kind="text/html")], NAMED),
    "http.not-utf8": case("utf8", {}, [answer('{"name": "Hôpital"}'.encode("latin-1"))], NAMED),
    "http.header": case("header", {"name": "ETag", "matches": "^W/"}, [answer({})], [answer({}, ETag='W/"1"')]),
    "body.not-json": case("searchset", {}, [answer(b"<html>Bienvenue</html>")], NAMED),
    "body.too-deep": case("searchset", {}, [answer(b'{"a":' * 3000 + b"1" + b"}" * 3000)], NAMED),
    "body.other-resource": case("resource", {"type": "Location"}, [offer("1")], [place("1")], path="Location/1"),
    "body.expression": case("fhirpath", "name.exists()", [offer("1")], [offer("1", name="Alpha")]),
    "bundle.type": case("searchset", {}, [{"resourceType": "Bundle", "type": "collection"}], NAMED),
    "bundle.entry": case("searchset", {}, [searchset({"fullUrl": "https://ror.example/1"})], NAMED),
    "bundle.total-missing": case("total", {}, [searchset(entry(offer("1")), total="un")], NAMED),
    "bundle.total": case("total", {}, [searchset(entry(offer("1")), total=3)], NAMED),
    "bundle.total-includes": case("total-without-includes", {},
                                  [searchset(entry(offer("1")), entry(place("1"), "include"),
                                             entry(place("2"), "include"), total=3)],
                                  [searchset(entry(offer("1")), entry(place("1"), "include"), total=2)]),
    "bundle.not-empty": case("empty", {}, NAMED, [searchset()]),
    "bundle.search-mode": case("search-mode", {}, [searchset(entry(offer("1"), None))], NAMED),
    "bundle.full-url": case("full-url", {}, [searchset(entry(offer("1"), fullUrl="https://ror.example/fhir/Location/1"))],
                            NAMED),
    "bundle.self-link": case("self-link", {}, NAMED, [searchset(self_link="https://ror.example/fhir?name=Alpha")],
                             query=BY_NAME),
    "bundle.self-link-criterion": case("self-link", {}, [searchset(self_link="https://ror.example/fhir?name=Beta")],
                                       [searchset(self_link="https://ror.example/fhir?name=Alpha")], query=BY_NAME),
    "paging.page-size": case("page-size", {"at-most": 1}, [searchset(entry(offer("1")), entry(offer("2")))], NAMED),
    "paging.next-missing": case("next-link", {}, [searchset(entry(offer("1")), total=2)],
                                [searchset(entry(offer("1")), total=2, next_link="n"), searchset(entry(offer("2")))]),
    "paging.next-broken": case("next-link", {}, [searchset(entry(offer("1")), total=2, next_link="n"),
                                                 answer(OUTCOME, 500)],
                               [searchset(entry(offer("1")), total=2, next_link="n"), searchset(entry(offer("2")))],
                               wrong_ending="broken"),
    "paging.next-elsewhere": case("next-link", {}, [searchset(entry(offer("1")), next_link="https://autre.example/2")],
                                  [searchset(entry(offer("1")), total=2, next_link="n"), searchset(entry(offer("2")))],
                                  wrong_ending="elsewhere"),
    "paging.endless": case("pages-partition", {}, [searchset(entry(offer("1")), next_link="a"),
                                                   searchset(entry(offer("2")), next_link="a")],
                           [searchset(entry(offer("1")), total=2, next_link="n"), searchset(entry(offer("2")), total=2)],
                           wrong_ending="loop"),
    "paging.repeated": case("pages-partition", {}, [searchset(entry(offer("1")), total=2, next_link="n"),
                                                    searchset(entry(offer("1")), total=2)],
                            [searchset(entry(offer("1")), total=2, next_link="n"), searchset(entry(offer("2")), total=2)]),
    "paging.lost": case("pages-partition", {}, [searchset(entry(offer("1")), total=3, next_link="n"),
                                                searchset(entry(offer("2")), total=3)],
                        [searchset(entry(offer("1")), total=2, next_link="n"), searchset(entry(offer("2")), total=2)]),
    "search.outside": case("every-match", {}, [searchset(entry(offer("1", name="Beta")))], NAMED, query=BY_NAME),
    "search.missing": case("none-missing", {}, [searchset()], NAMED, query=BY_NAME, known=[offer("1", name="Alpha")]),
    "search.unsorted": case("sorted", {"by": "name"}, [searchset(entry(offer("1", name="B")), entry(offer("2", name="A")))],
                            [searchset(entry(offer("1", name="A")), entry(offer("2", name="B")))]),
    "search.differs": case("same-matches", {"as": "other"}, [searchset(entry(offer("1")), entry(offer("2")))], NAMED,
                           earlier={"other": NAMED}),
    "search.not-narrower": case("narrower", {"than": "wide"}, [searchset(entry(offer("1")), entry(offer("2")))], NAMED,
                                earlier={"wide": NAMED}),
    "search.distance-missing": case("location-distance", {"at-most-km": 10}, [searchset(near(None))],
                                    [searchset(near(5.6))], path="Location"),
    "search.distance": case("location-distance", {"at-most-km": 10, "from": CENTRE}, [searchset(near(9.0))],
                            [searchset(near(5.6))], path="Location"),
    "include.missing": case("includes", ["HealthcareService.location"],
                            [searchset(entry(offer("1", location=[{"reference": "Location/1"}])))],
                            [searchset(entry(offer("1", location=[{"reference": "Location/1"}])),
                                       entry(place("1"), "include"))], known=[place("1")]),
    "include.reverse-missing": case("revincludes", ["HealthcareService.location"], [searchset(entry(place("1")))],
                                    [searchset(entry(place("1")), entry(offer("1"), "include"))], path="Location",
                                    known=[offer("1", location=[{"reference": "Location/1"}])]),
    "include.unrelated": case("includes-only", ["HealthcareService.location"],
                              [searchset(entry(offer("1")), entry(place("2"), "include"))],
                              [searchset(entry(offer("1", location=[{"reference": "Location/2"}])),
                                         entry(place("2"), "include"))]),
    "error.no-outcome": case("operation-outcome", {}, [answer({"error": "no"}, 400)], [answer(OUTCOME, 400)]),
    "error.empty-outcome": case("operation-outcome", {}, [answer({"resourceType": "OperationOutcome"}, 400)],
                                [answer(OUTCOME, 400)]),
    "error.internals": case("no-internals", {}, [answer(b'Traceback (most recent call last): File "/srv/ror/app.py"', 500)],
                            [answer(OUTCOME, 400)]),
    "read.differs": case("same-as", {"step": "found"}, [offer("1", name="Beta")], [offer("1", name="Alpha")],
                         path="HealthcareService/1", earlier={"found": NAMED}),
    "capability.kind": case("capability-statement", {"aspect": "kind"}, [statement(kind="requirements")], [statement()],
                            path="metadata"),
    "capability.fhir-version": case("capability-statement", {"aspect": "fhir-version"}, [statement(fhirVersion="5.0.0")],
                                    [statement()], path="metadata"),
    "capability.format": case("capability-statement", {"aspect": "format"}, [statement(format=["xml"])], [statement()],
                              path="metadata"),
    "capability.interaction": case("declares-interactions", {"type": "Location"},
                                   [statement(resource={"interaction": [{"code": "read"}]})], [statement()],
                                   path="metadata"),
    "capability.search-parameter": case("declares-includes", {"type": "Location", "reverse": True}, [statement()],
                                        [statement(resource={"searchRevInclude": ["HealthcareService:location"]})],
                                        path="metadata"),
    "capability.not-served": case("served-if-declared",
                                  {"statement": "said", "type": "Location", "interaction": "read"},
                                  [answer(OUTCOME, 501)], [place("1")], path="Location/1",
                                  earlier={"said": [statement()]}),
    "capability.unexpected": case("does-not-declare", {"interactions": ["delete"]},
                                  [statement(resource={"interaction": [{"code": "delete"}]})], [statement()],
                                  path="metadata"),
    "capability.security": case("declares-security", {}, [statement()],
                                [{**statement(), "rest": [{"mode": "server", "security": {
                                    "cors": False, "service": [{"coding": [{"code": "OAuth"}]}]}}]}], path="metadata"),
    "identity.accepted": refusal("refused", "expired", NAMED, [answer(OUTCOME, 401)]),
    "blocked.unclear": refusal("refused", "revoked", [answer(OUTCOME, 503)], [ALERT]),
    "blocked.no-control": refusal("refused-in-tls", "old-tls", [ALERT], [ALERT],
                                   wrong_earlier={"right": [answer(OUTCOME, 403)]}),
    "identity.version": case("silent-refusal", {"of": "versions"}, [answer(b"<center>nginx/1.22.1</center>", 400, "text/html")],
                             [answer(OUTCOME, 401)]),
    "tls.certificate": case("server-certificate", {}, [untrusted("certificate has expired")], NAMED, tls=TLS),
    "tls.untrusted": case("server-certificate", {}, [untrusted("unable to get local issuer certificate")], NAMED, tls=TLS),
    "tls.negotiated": case("tls-negotiated", {}, NAMED, NAMED, tls=TLS, wrong_tls="TLSv1.1 ECDHE-ECDSA-AES256-SHA"),
    "token.not-given": case("token-given", {"by": "certificate"}, [answer({"error": "invalid_client"}, 401)],
                            [answer({"access_token": "[token 1]", "token_type": "Bearer"})]),
    "structure.missing": structure("HealthcareService", "cardinality", example("HealthcareService", providedBy=None)),
    "structure.too-many": structure("HealthcareService", "cardinality",
                                    example("HealthcareService", category=[{"text": "a"}, {"text": "b"}])),
    "structure.type": structure("Location", "type", example("Location", mode=12)),
    "structure.unknown": structure("Location", "type", example("Location", beds=12)),
    "export.no-status-address": case("export-accepted", {}, [answer(b"", 202)], [ACCEPTED]),
    "export.elsewhere": case("export-accepted", {}, [ACCEPTED], [ACCEPTED, answer(MANIFEST)],
                             wrong_ending="elsewhere"),
    "export.no-manifest": case("export-ended", {}, [ACCEPTED, answer(b"", 500)], [ACCEPTED, answer(MANIFEST)],
                               purposes=("step", "status"), wrong_ending="broken"),
    "export.manifest-member": case("export-ended", {}, [ACCEPTED, answer({"output": [], "error": []})],
                                   [ACCEPTED, answer(MANIFEST)], purposes=("step", "status")),
    "export.file": case("export-files", {}, [ACCEPTED, answer(MANIFEST), answer(b"oops", 200)],
                        [ACCEPTED, answer(MANIFEST), answer(LINES)], purposes=FILED),
    "export.type-missing": case("export-files", {"types": ["HealthcareService", "Location"]},
                                [ACCEPTED, answer(MANIFEST), answer(offer())],
                                [ACCEPTED, answer(MANIFEST), answer(LINES)], purposes=FILED,
                                known=[offer(location=[{"reference": "Location/1"}]), place()]),
    "export.outside": case("export-files", {"every": {"HealthcareService": "name = 'Alpha'"}},
                           [ACCEPTED, answer(MANIFEST), answer(offer(name="Beta"))],
                           [ACCEPTED, answer(MANIFEST), answer(LINES)], purposes=FILED),
    "structure.reference": structure("HealthcareService", "type", example("HealthcareService", providedBy={
        "reference": "Location/1"})),
    "structure.invariant": structure("HealthcareService", "invariant", example("HealthcareService", notAvailable=[
        {"description": "Travaux", "during": {"start": "2026-12-01", "end": "2026-11-01"}}])),
    "structure.format": structure("Location", "type", example("Location", id="é à")),
    "structure.code": structure("HealthcareService", "type", example("HealthcareService", availableTime=[
        {"daysOfWeek": ["mon", "lundi"]}])),
    "structure.value": structure("Organization", "value", example(
        "Organization", identifier=[{**one, "system": "http://autre.example"} if one.get("system") == "https://sirene.fr"
                                    else one for one in example("Organization")["identifier"]])),
    "structure.extension-missing": structure("HealthcareService", "extension", with_extensions(
        "HealthcareService", without=[f"{GUIDE}/ror-meta-creation-date"])),
    "structure.extension-count": structure("HealthcareService", "extension", with_extensions(
        "HealthcareService", {"url": f"{GUIDE}/ror-meta-creation-date", "valueDateTime": "2020-01-01"})),
    "structure.extension-unknown": structure("HealthcareService", "extension", with_extensions(
        "HealthcareService", {"url": f"{GUIDE}/ror-lits", "valueInteger": 3})),
    "structure.extension-value": structure("HealthcareService", "extension", with_extensions(
        "HealthcareService", {"url": f"{GUIDE}/ror-meta-creation-date", "valueString": "hier"},
        without=[f"{GUIDE}/ror-meta-creation-date"])),
    "nomenclature.system": case("codes", {"structure": "ror-healthcareservice", "aspect": "system"},
                                [searchset(entry(coded(TRE_227.replace("https", "http"))))], [searchset(entry(coded()))]),
    "nomenclature.ended": case("codes", {"structure": "ror-healthcareservice", "aspect": "validity"},
                               [searchset(entry(profession("35")))], [searchset(entry(profession("40")))]),
    "nomenclature.not-held": case("codes", {"structure": "ror-location", "aspect": "code"},
                                  [searchset(entry(place(extension=[commune("75056")])))],
                                  [searchset(entry(place(extension=[commune("44109")])))], path="Location"),
    "data.not-carried": case("elements", {"structure": "ror-location"}, [searchset(entry(place(name="Site")))],
                             [searchset(entry(offer()))], path="Location", requirement="ROR-STR-Location.alias"),
    "specification.unevaluable": case("elements", {"structure": "ror-location"}, [searchset(entry(place(name="Site")))],
                                      [searchset(entry(offer()))], path="Location",
                                      requirement="ROR-STR-Location.alias:nomExterneSynchro"),
    "nomenclature.code": case("codes", {"structure": "ror-healthcareservice", "aspect": "code"},
                              [searchset(entry(coded(code="2")))], [searchset(entry(coded()))]),
}
ENGLISH = re.compile(r"(?<!:)\b(?:the|of|an|is|no|not|none|with|without|matches|or|at|by|than|which|more|does|has|only|again|too)\b")
# told by the engine or by the report, not by a check: their own tests hold them (engine, cli, report, validation)
LAWFUL = ("law.", "contract.", "optional.")  # these: tests/laws
HEARD = ("bench.", "request.", "shown.")  # these: test_consumer
ELSEWHERE = {"harness.check", "configuration.identity", "configuration.stranger", "blocked.consequence", "blocked.exploration", "configuration.access", "configuration.writes",
             "blocked.not-created", "data.no-value", "file.unreadable", "file.refused"}


def test_each_kind_of_finding_has_a_case():
    assert set(CASES) | ELSEWHERE == {one for one in CODES if not one.startswith((*LAWFUL, *HEARD))}
    told = {"refused-in-clear", "access-profile", "declares-search", "search-served-if-declared", "fhirpath-of-error"}  # with the codes of others
    heard = {name for name, one in CHECKS.items() if one.ground <= Ground.HEARD}
    assert {one[0][0] for one in CASES.values()} | told | heard == set(CHECKS)


@pytest.mark.parametrize("code", CASES)
def test_the_wrong_answer_gives_it_and_the_right_one_does_not(code):
    (check, parameters, wrong, how), (_, _, right, right_how) = CASES[code]
    found = findings(check, parameters, wrong, **how)
    assert code in {one.code for one in found}
    assert code not in {one.code for one in findings(check, parameters, right, **right_how)}
    one = next(one for one in found if one.code == code)
    assert one.exchange.startswith("step-"), "a finding says in which exchange it was seen"
    compared(code, one.expected, one.actual, one.place)


@pytest.mark.parametrize("code", sorted(ELSEWHERE))
def test_the_text_of_those_told_elsewhere(code):
    compared(code, "what was expected", "what was seen", "")


def compared(code, expected, actual, where):
    sentence = texts.findings()[code]
    lines = [f"{code} ({CODES[code].effect.value}, {CODES[code].cause.value})", f"at: {where or '-'}"]
    for language in ("fr", "en"):
        says = texts.filled(sentence.says, texts.short(expected), texts.short(actual), where).in_(language)
        remedy = texts.filled(sentence.remedy, expected, actual).in_(language)
        lines += [f"{language}: {sentence.title.in_(language)}", f"    {says}", f"    → {remedy}"]
    told = "\n".join(lines) + "\n"
    assert not re.search(r"\{\w+\}", told), "a placeholder was left"
    french = told.partition("\nen: ")[0].partition("\nfr: ")[2]
    left = ENGLISH.findall(french) if code not in ELSEWHERE and not code.startswith("transport.") else []
    assert not left, f"English words in French: {left} in {french}"
    golden = GOLDEN / f"{code}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        golden.write_text(told, encoding="utf-8")
    assert told == golden.read_text(encoding="utf-8")


def test_no_golden_text_is_stale():
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(CODES)
