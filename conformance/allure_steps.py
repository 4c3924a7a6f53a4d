"""A scenario's judgements as Allure steps, with the exchanges that prove them as attachments."""

from __future__ import annotations

import allure

from conformance.pytest_bench import Outcome
from conformance.report import curl, excerpt
from conformance.verdict import Verdict


def tell(outcome: Outcome) -> None:
    """One step per judgement; a step that is not a pass fails, as Allure counts it."""
    for one in outcome.judgements:
        try:
            with allure.step(f"{one.requirement} · {one.check} · {one.verdict.word}"):
                for finding in one.findings:
                    exchange = outcome.exchanges.get(finding.exchange)
                    if exchange is None:
                        continue
                    body = exchange.response.body if exchange.response else b""
                    allure.attach(curl.command(exchange), f"request {exchange.id}", allure.attachment_type.TEXT)
                    allure.attach(excerpt.around(body, finding.place), f"answer {exchange.id} {finding.place}",
                                  allure.attachment_type.TEXT)
                if one.verdict > Verdict.PASS:
                    raise AssertionError("; ".join(f"{f.expected} expected, {f.actual} received" for f in one.findings))
        except AssertionError:
            continue
