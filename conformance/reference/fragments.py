"""Pieces of resources that many resources share; equal pieces are one object, so a large region fits in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.reference.nomenclature import Nomenclatures, system_url

ROR = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/"
UCUM_OF_NOS = system_url("TRE_R247-UcumUniteMesure")
UCUM = "http://unitsofmeasure.org"
Fragment = dict[str, Any]


class Fragments:
    """Builders of extensions and contacts; nothing returned may be changed in place."""

    def __init__(self, codes: Nomenclatures) -> None:
        self.codes = codes
        self._shared: dict[tuple[object, ...], Fragment] = {}

    def coded(self, url: str, short: str, code: str) -> Fragment:
        """An extension whose value is a CodeableConcept of a value set."""
        key = ("coded", url, short, code)
        if key not in self._shared:
            self._shared[key] = {"url": url, "valueCodeableConcept": self.codes.concept(short, code)}
        return self._shared[key]

    def plain(self, url: str, kind: str, value: object) -> Fragment:
        """An extension whose value is a primitive: ``kind`` is the end of the name, ``Integer`` or ``Boolean``."""
        key = ("plain", url, kind, type(value), value)
        if key not in self._shared:
            self._shared[key] = {"url": url, f"value{kind}": value}
        return self._shared[key]

    def age(self, low: int, high: int) -> Fragment:
        """The sub-extension of an age range in years."""
        key = ("age", low, high)
        if key not in self._shared:
            self._shared[key] = {
                "url": "ageRange",
                "valueRange": {
                    side: {"value": value, "unit": "an", "system": UCUM_OF_NOS, "code": "a"}
                    for side, value in (("low", low), ("high", high))
                },
            }
        return self._shared[key]

    def telecom(self, value: str, channel: str = "2", level: str = "1") -> Fragment:
        """A ContactPoint with its channel and level of confidentiality."""
        return {
            "extension": [
                self.coded(ROR + "ror-telecom-communication-channel", "J225", channel),
                self.coded(ROR + "ror-telecom-confidentiality-level", "J222", level),
            ],
            "system": "email" if channel == "3" else "phone",
            "value": value,
        }

    def contact(self, purpose: str, level: str, phones: Sequence[tuple[str, str]]) -> Fragment:
        """The contact extension of an offer, of a level of confidentiality; telephones with the level of each."""
        telecoms = [
            {
                "extension": [
                    self.coded(ROR + "ror-telecom-communication-channel", "J225", "2"),
                    self.coded(ROR + "ror-telecom-confidentiality-level", "J222", own),
                    {"url": "telecomAddress", "valueString": phone},
                ],
                "url": ROR + "ror-healthcareservice-contact-telecom",
            }
            for phone, own in phones
        ]
        return {
            "extension": [
                self.coded("purposeContact", "J221", purpose),
                self.coded(ROR + "ror-confidentiality-level", "J222", level),
                *telecoms,
            ],
            "url": ROR + "ror-healthcareservice-contact",
        }

    def opening(self, day: int, start: str, end: str) -> Fragment:
        """One availableTime of an offer; the day is 1 for Monday."""
        key = ("opening", day, start, end)
        if key not in self._shared:
            days: Sequence[str] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
            self._shared[key] = {
                "extension": [
                    self.plain(ROR + "ror-available-time-number-days-of-week", "Integer", day),
                    self.coded(ROR + "ror-available-time-type-of-time", "J41", "01"),
                ],
                "daysOfWeek": [days[day - 1]],
                "availableStartTime": start,
                "availableEndTime": end,
            }
        return self._shared[key]
