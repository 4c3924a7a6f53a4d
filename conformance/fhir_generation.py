"""The FHIR generation: candidates explored, asked and judged in FHIR R4 JSON over REST."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from conformance.checks import judge as judging
from conformance.checks.evidence import Evidence
from conformance.checks.structure import look_over
from conformance.draw import Chosen
from conformance.drive.redact import Vault
from conformance.fhir import bundle, created, explore, export
from conformance.fhir.bind import Unbound, bind
from conformance.fhir.body import Bodies, Unreadable
from conformance.fhir.census import Census
from conformance.fhir.dated import Dated
from conformance.fhir.fill import fill, filled
from conformance.fhir.personal import PERSON_IDENTIFIER, scrubber
from conformance.fhir.population import Population
from conformance.fhir.received import Received
from conformance.generation import Course, Exploration, NoData
from conformance.laws import LAWS, drawn_from
from conformance.laws import judging as laws
from conformance.laws.drawing import Asking
from conformance.laws.ground import Ground
from conformance.model import HANDSHAKE, Ask, Exchange, Finding, Judgement, Need, Scenario, Sent, Step, Tried, Written
from conformance.nomenclature import Release
from conformance.specification import Profile

_VOLATILE = ("id", "meta", "link", "timestamp", "date")


class FhirGeneration:
    """Holds what is known of one candidate: its population and the bodies read."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.bodies = Bodies()
        self.population = Population()
        self.received = Received()
        self._censuses: dict[str, Census] = {}
        self._judged: Course | None = None
        self._looked_over: dict[str, int] = {}
        self._grounds: dict[str, Ground] = {}
        self._mask: Callable[[str, str], str] = lambda _kind, clear: clear

    def scrub(self, vault: Vault) -> Callable[[bytes], bytes]:
        """A function that masks personal data and secrets in a body."""
        self._mask = vault.mask
        return scrubber(self.bodies, vault)

    def explore(
        self, profile: Profile, scenarios: Iterable[Scenario], follows: Callable[[str, Exchange], str]
    ) -> Exploration:
        """Asks a sample of each question of the scenarios, and what the sample points at."""
        def onward(exchange: Exchange) -> str:
            address = self.next_page(exchange)
            return follows(address, exchange) if address else ""

        chosen = list(scenarios)
        needs = [need for scenario in chosen for need in scenario.needs]
        needs += [Need("law", among=kind) for scenario in chosen for law in scenario.laws
                  for kind in drawn_from(law.parameters, profile)]
        yield from explore.explore(explore.questions(needs, profile.constants), self.population, onward)

    def learn(self, exchange: Exchange) -> None:
        """Adds to what is known what an exchange of the exploration showed."""
        self.population.learn(exchange, self.bodies)
        self.received.take(exchange, self.bodies)

    def readable(self) -> bool:
        """Whether any answer of the exploration was FHIR JSON."""
        return self.population.readable

    def bind(self, course: Course, seed: str) -> dict[str, Any]:
        """Values for the needs of the scenario, from the population."""
        try:
            census = self._censuses.setdefault(
                course.profile.id, Census(self.population, course.profile.constants))
            dated = Dated(course.scenario, course.profile.search_parameters)
            return bind(course.scenario.needs, census, seed, dated.usable)
        except Unbound as error:
            raise NoData(error.need) from None

    def kept(self, names: Mapping[str, Any]) -> dict[str, Any]:
        """Bound resources are kept by their reference, other values as they are."""
        return {name: {"$resource": bundle.key_of(value)} if _is_resource(value) else value
                for name, value in names.items()}

    def restored(self, kept: Mapping[str, Any]) -> dict[str, Any]:
        """The bound values again, resources found in the population."""
        return {name: self.population.get(value["$resource"]) if isinstance(value, dict) and "$resource" in value
                else value for name, value in kept.items()}

    def ask(self, course: Course, step: Step) -> Ask:
        """The request of a step; bound values are escaped as FHIR search values want it."""
        known = {**course.profile.constants, **course.names}
        if step.action is not None:
            values = tuple((name, fill(value, known, plain=True)) for name, value in step.action.values)
            return Ask(step.method, step.path, values)
        return Ask(
            step.method, fill(step.path, known, plain=True),
            tuple((name, fill(value, known)) for name, value in step.query),
            tuple((name, fill(value, known, plain=True)) for name, value in step.headers),
            tuple((name, fill(value, known)) for name, value in step.form),
            _written(step.body, known), step.base, step.access,
        )

    def words(self, course: Course, step: Step) -> Mapping[str, str]:
        """What an application is asked to do, by language, values put in."""
        assert step.action is not None
        known, told = {**course.profile.constants, **course.names}, step.action.words
        return {"fr": fill(told.fr, known, plain=True), "en": fill(told.en, known, plain=True)}

    def knows(self, resources: Iterable[Any]) -> None:
        """Takes in the resources that the bench serves."""
        for one in resources:
            self.population.add(one)

    def created(self, sent: Sent) -> str:
        """``Type/id`` of the resource that a step created; empty when its answer does not tell."""
        return created.key(sent, self.bodies)

    def captured(self, sent: Sent) -> dict[str, Any]:
        """The resource that a step created, under the name of the step."""
        key = self.created(sent)
        kind, _, identifier = key.partition("/")
        return {sent.step.name: {"resourceType": kind, "id": identifier}} if key else {}

    def awaited(self, course: Course, step: Step) -> str:
        """The earlier step of which this one needs the resource that it should have created; empty when none lacks."""
        return created.awaited(course.scenario, step, course.names)

    def mark(self, course: Course, ask: Ask) -> str:
        """What tells the resource that a request creates from all others."""
        return created.mark(ask, str(course.names.get("unique", "")))

    def found_again(self, written: Written) -> Ask:
        """Asks for what a write created, by its mark."""
        return created.search(written)

    def keys(self, written: Written, exchange: Exchange) -> list[str] | None:
        """``Type/id`` of what a search for what a write created brought; None when its answer cannot be used."""
        return created.keys(exchange, {written.mark, self._mask(PERSON_IDENTIFIER, written.mark)}, self.bodies)

    def removal(self, profile: Profile, key: str, base: str) -> Ask:
        """Takes back a resource that was created, as the specification allows it."""
        return created.removal(profile, key, base)

    def update(self, profile: Profile, key: str, base: str, read: Exchange) -> Ask | None:
        """Takes back a resource as it was read; None when it could not be."""
        return created.update(profile, key, base, read, self.bodies)

    def status_address(self, exchange: Exchange) -> str:
        """Where the state of an extraction is told; empty when the answer accepts none."""
        return export.status_address(exchange)

    def files(self, exchange: Exchange) -> list[str]:
        """The addresses of the files that a manifest lists."""
        body = export.manifest(exchange, self.bodies)
        return [str(one["url"]) for one in export.output(body)] if body is not None else []

    def next_page(self, exchange: Exchange) -> str:
        """The next link of a searchset."""
        return explore.next_link(exchange, self.bodies)

    def same(self, one: Exchange, other: Exchange) -> bool:
        """Whether two answers agree on status and content, volatile parts and order aside."""
        if one.response is None or other.response is None:
            return one.response is other.response
        if one.response.status != other.response.status:
            return False
        return bool(self._essence(one.response.body) == self._essence(other.response.body))

    def _essence(self, body: bytes) -> Any:
        try:
            value = self.bodies.read(body)
        except Unreadable as error:
            return error.code
        if value.get("resourceType") != "Bundle":
            return {name: part for name, part in value.items() if name not in _VOLATILE and not name.endswith("_token")}
        return value.get("type"), value.get("total"), sorted(entry.key for entry in bundle.entries(value))

    def meanwhile(self, profile: Profile) -> bool:
        """Looks over the next resource received, for the checks of structures that come at the end."""
        received, done = self.received.all(), self._looked_over.get(profile.id, 0)
        if done >= len(received):
            return False
        one = received[done]
        self._looked_over[profile.id] = done + 1
        look_over(profile, self.release, self.bodies.pool.facts(one.resource), one)
        return True

    def _ground(self, profile: Profile) -> Ground:
        return self._grounds.setdefault(profile.id, Ground(profile, self.population))

    def drawn(self, course: Course, law: int, draw: Chosen) -> tuple[Step, ...] | None:
        """The questions of a case of a law, from the parameters of the profile and the values of the population."""
        use = course.scenario.laws[law]
        asking = Asking(draw, self._ground(course.profile), use.parameters["resource"],
                        tuple(use.parameters.get("from", ())), use.place)
        questions = LAWS[use.check].draws(asking, use.parameters)
        return None if questions is None else tuple(questions)

    def tried(self, course: Course, law: int, number: int, sents: Sequence[Sent]) -> Tried:
        """What the answers to the questions of a case tell."""
        made = laws.tried(course.scenario.laws[law], number, sents, self.bodies, self._ground(course.profile))
        self.bodies.drop(one.response.body for sent in sents for one in sent.exchanges if one.response is not None)
        return made

    def in_order(self, course: Course, law: int) -> bool:
        """Whether a case that breaks a law is asked again in its order, for the law is about what is asked before."""
        return LAWS[course.scenario.laws[law].check].sequence

    def steady(self, course: Course, law: int, sents: Sequence[Sent], again: Sequence[Exchange]) -> bool:
        """Whether the questions of a case, asked some times again, were always answered the same; where the law is
        about the order of matches, by the same number of them, and where it is about what is asked before, whether it
        broke each time."""
        if self.in_order(course, law):
            count = len(sents)
            return all(self._breaks(course, law, sents, again[first : first + count])
                       for first in range(0, len(again), count))
        counted = LAWS[course.scenario.laws[law].check].order
        return all(self._counted(one, other) if counted else self.same(one, other)
                   for one, other in zip((sent.exchanges[0] for sent in itertools.cycle(sents)), again, strict=False))

    def _breaks(self, course: Course, law: int, sents: Sequence[Sent], again: Sequence[Exchange]) -> bool:
        """Whether a case breaks its law by other first answers to its questions."""
        pages = zip(sents, again, strict=True)
        return self.tried(course, law, 0, [replace(sent, exchanges=(one,), ending="one") for sent, one in pages]).broken

    def _counted(self, one: Exchange, other: Exchange) -> bool:
        bodies = self.bodies.of(one), self.bodies.of(other)
        return None not in bodies and bundle.total(bodies[0] or {}) == bundle.total(bodies[1] or {})

    def settled(self, course: Course, law: int, cases: Sequence[Tried], reason: Finding | None) -> list[Judgement]:
        """The judgements of a law, from all its cases."""
        return laws.settled(course.profile, course.scenario, law, cases, reason)

    def judge(self, course: Course, sent: Sent, stable: bool) -> list[Judgement]:
        """The judgements of a step, from what it exchanged and what is known."""
        if course is not self._judged:
            self._judged = course
            self.bodies.forget(one.response.body for one in sent.exchanges if one.response is not None)
        own = sent.ask.access or sent.step.action is not None  # what others may see is not the whole, nor is ours
        for one in sent.exchanges if not own else ():
            self.received.take(one, self.bodies)
        evidence = self.evidence(course, sent)
        try:
            return judging.judge_step(judging.Spot(course.profile, course.scenario), evidence, stable)
        finally:
            evidence.forget()

    def evidence(self, course: Course, sent: Sent) -> Evidence:
        """What is known on which a step is judged, handshakes apart from the exchanges."""
        greetings = tuple(one for one in sent.exchanges if one.purpose == HANDSHAKE)
        if greetings:
            sent = replace(sent, exchanges=tuple(one for one in sent.exchanges if one.purpose != HANDSHAKE))
        return Evidence(course.profile, self.release, self.population, course.names, course.sent, sent, self.bodies,
                        self.received, greetings)

    def refuse(self, course: Course, step: Step, reason: Finding) -> list[Judgement]:
        """The judgements of a step that was not sent."""
        sent = Sent(step, Ask(step.method, step.path), (), "one")
        return judging.not_sent(judging.Spot(course.profile, course.scenario), sent, reason)


def _is_resource(value: Any) -> bool:
    return isinstance(value, dict) and "resourceType" in value and "id" in value


def _written(body: Any, known: Mapping[str, Any]) -> str:
    """The body of a step as it is sent: JSON, or a text as it stands; values are put into either."""
    if body is None:
        return ""
    return fill(body, known, plain=True) if isinstance(body, str) else orjson.dumps(filled(body, known)).decode()
