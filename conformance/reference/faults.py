"""The catalogue of faults: each makes the reference ROR wrong in one way that a judge must see."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from conformance.reference.fault import Answer, Asked, Fault
from conformance.reference.faults_access import ACCESS
from conformance.reference.faults_bundle import BUNDLE
from conformance.reference.faults_capability import CAPABILITY
from conformance.reference.faults_contract import CONTRACT
from conformance.reference.faults_data import DATA
from conformance.reference.faults_http import HTTP
from conformance.reference.faults_ignored import IGNORED
from conformance.reference.faults_laws import LAWS
from conformance.reference.faults_reads import READS
from conformance.reference.faults_rules import RULES
from conformance.reference.faults_search import SEARCH
from conformance.reference.faults_secured import SECURED
from conformance.reference.faults_writes import WRITES

FAULTS: Mapping[str, Fault] = MappingProxyType(
    {fault.name: fault for fault in (
        *SEARCH, *BUNDLE, *HTTP, *DATA, *RULES, *READS, *CAPABILITY, *IGNORED, *WRITES, *ACCESS, *LAWS, *CONTRACT,
        *SECURED)}
)

__all__ = ["FAULTS", "Answer", "Asked", "Fault"]
