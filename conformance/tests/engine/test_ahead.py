"""Questions sent ahead: one at a time on the wire, the same record whatever is under way, nothing ahead of a change."""

from dataclasses import replace

import pytest

from conformance import ledger, workshop
from conformance.clock import SystemClock
from conformance.endpoint import Endpoint
from conformance.engine import run as engine
from conformance.engine import talk
from conformance.events import Judged
from conformance.model import Ask, Candidate
from conformance.reference.app import create_app
from conformance.reference.faults import FAULTS
from conformance.reference.region import generate
from conformance.reference.server import Running, stored

WHO = Candidate("Produit", "1", "Vendeur", "server", ("ror-fhir-0.7.0",), ())
SOME = ("socle/05-forme-du-resultat", "socle/23-negation", "socle/24-prefixes-de-date", "socle/32-criteres-cumules",
        "orientation-ssr/uc-03-13-offres-d-un-professionnel")


class Watching:
    """An application that notes the requests it gets, and how many are answered at once."""

    def __init__(self, app, log):
        self.app, self.log = app, log
        self.now = self.most = 0

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.log.append((scope["method"], scope["path"].rsplit("/", 1)[-1]))
        self.now += 1
        self.most = max(self.most, self.now)
        await self.app(scope, receive, send)
        self.now -= 1


def served(fault=None, log=None):
    app = create_app(stored(generate(120, 7), fault), profile_id="ror-fhir-0.7.0", fault=fault)
    watching = Watching(app, [] if log is None else log)
    return watching, Running(watching)


def driven(base, folder, made=None, told=lambda _event: None):
    made = made or workshop.campaign(WHO, workshop.Choice(only=SOME))
    workshop.drive(made, Endpoint(base), folder, SystemClock(), told)
    return ledger.read(folder)


def timeless(record):
    """The lines of a record without what depends on the clock."""
    def plain(line):
        if line["type"] != "exchange":
            return line
        return {"id": line["id"], "url": line["request"]["url"], "purpose": line["purpose"],
                "status": line["response"]["status"]}
    return [plain(line) for line in record.lines]


def test_one_question_at_a_time(tmp_path):
    watching, running = served()
    with running as base:
        record = driven(base, tmp_path / "run")
    exchanges = list(record.of_type("exchange"))
    assert len(watching.log) == len(exchanges) > 10
    assert watching.most == 1
    assert [one["id"] for one in exchanges] == [f"x{number}" for number in range(1, len(exchanges) + 1)]


@pytest.mark.parametrize("fault", [None, FAULTS["and-as-or"], FAULTS["total-wrong"]],
                         ids=("clean", "and-as-or", "total-wrong"))
def test_the_record_does_not_depend_on_what_is_under_way(tmp_path, monkeypatch, fault):
    told = []
    for number in (1, 2, 16):
        monkeypatch.setattr(engine, "AHEAD", number)
        monkeypatch.setattr(talk, "AHEAD", number)
        _, running = served(fault)
        with running as base:
            told.append(timeless(driven(base, tmp_path / str(number))))
    assert told[0] == told[1] == told[2]
    assert fault is None or any(line.get("confirmation") for line in told[0])


def test_a_change_waits_for_the_judgement_before_it_and_nothing_passes_it(tmp_path):
    log = []
    made = workshop.campaign(WHO, workshop.Choice(only=SOME[:3]))
    middle = made.planned[1]
    changing = replace(middle.scenario, steps=(replace(middle.scenario.steps[0], method="PUT"),
                                              *middle.scenario.steps[1:]))
    planned = (made.planned[0], replace(middle, scenario=changing), made.planned[2])
    _, running = served(log=log)
    with running as base:
        record = driven(base, tmp_path / "run", replace(made, planned=planned),
                        lambda event: log.append(("judged", event.judgement.scenario))
                        if isinstance(event, Judged) else None)
    put = next(index for index, one in enumerate(log) if one[0] == "PUT")
    first = planned[0].scenario.id
    assert ("judged", first) in log[:put]
    assert ("judged", first) not in log[put:]
    assert [one[0] for one in log if one[0] != "judged"] == [
        one["request"]["method"] for one in record.of_type("exchange")]


def test_what_waits_is_not_sent_once_the_probe_is_closed(tmp_path):
    from conformance.drive.probe import Probe
    from conformance.endpoint import Limits

    watching, running = served()
    with running as base:
        probe = Probe(Endpoint(base, limits=Limits(pace=2.0)), lambda vault: vault.body)
        first, *rest = [probe.ahead(Ask("GET", "metadata"), "step") for _ in range(4)]
        assert probe.finish(first).response.status == 200
        probe.close()
    assert len(watching.log) <= 2 < len(rest)
