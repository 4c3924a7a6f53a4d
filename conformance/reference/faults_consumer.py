"""Faults of the sample application: what each does wrong, and the requirement that it breaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_SHOWN = {"ROR-APP-007": "what is not received is not shown"}
_HEADERS = {"ROR-HTTP-151": "asks for the four headers together"}


@dataclass(frozen=True, slots=True)
class Slip:
    """A single fault of an application: the requirement it breaks, those it may break besides, with the reason."""

    name: str
    title: Mapping[str, str]
    breaks: str
    also: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def _slip(name: str, french: str, english: str, breaks: str, also: Mapping[str, str] | None = None) -> Slip:
    return Slip(name, {"fr": french, "en": english}, breaks, also or {})


SLIPS: Mapping[str, Slip] = {one.name: one for one in (
    _slip("next-ignored", "Le lien suivant est ignoré", "The next link is ignored", "ROR-APP-001", _SHOWN),
    _slip("next-rebuilt", "Le lien suivant est reconstruit", "The next link is rebuilt", "ROR-APP-001", _SHOWN),
    _slip("next-taken-as-absolute", "Un lien relatif n'est pas compris", "A relative link is not understood",
          "ROR-APP-001", _SHOWN),
    _slip("last-one-lost", "Le dernier résultat n'est pas montré", "The last result is not shown", "ROR-APP-007",
          {"ROR-APP-006": "judged by the same comparison"}),
    _slip("repetitions-shown", "Un résultat répété est montré deux fois", "A repeated result is shown twice",
          "ROR-APP-007"),
    _slip("inclusions-shown", "Les ressources incluses sont montrées", "Included resources are shown", "ROR-APP-007",
          {"ROR-APP-006": "judged by the same comparison"}),
    _slip("retry-after-ignored", "Retry-After est ignoré", "Retry-After is ignored", "ROR-APP-002", _SHOWN),
    _slip("retry-date-ignored", "Retry-After en date est ignoré", "Retry-After as a date is ignored", "ROR-APP-002",
          _SHOWN),
    _slip("never-gives-up", "L'application insiste sans fin", "The application insists without end", "ROR-APP-004"),
    _slip("ended-token-kept", "Un jeton refusé est gardé", "A refused token is kept", "ROR-APP-005", _SHOWN),
    _slip("extension-refused", "Une extension inconnue est refusée", "An unknown extension is refused", "ROR-APP-006"),
    _slip("code-refused", "Un code inconnu est refusé", "An unknown code is refused", "ROR-APP-006"),
    _slip("comment-required", "Un élément facultatif est exigé", "An optional element is required",
          "ROR-APP-006", {**_SHOWN, "ROR-APP-001": "the pages after the one refused are not read"}),
    _slip("profile-code-forgotten", "Ror-Profil-Utilisateur-Code manque", "Ror-Profil-Utilisateur-Code is missing",
          "ROR-SEC-022", _HEADERS),
    _slip("profile-system-forgotten", "Ror-Profil-Utilisateur-System manque",
          "Ror-Profil-Utilisateur-System is missing", "ROR-SEC-023", _HEADERS),
    _slip("role-code-forgotten", "Ror-Role-Metier-Code manque", "Ror-Role-Metier-Code is missing", "ROR-SEC-024",
          _HEADERS),
    _slip("role-system-forgotten", "Ror-Role-Metier-System manque", "Ror-Role-Metier-System is missing", "ROR-SEC-025",
          _HEADERS),
    _slip("role-system-wrong", "Ror-Role-Metier-System est faux", "Ror-Role-Metier-System is wrong", "ROR-SEC-025",
          _HEADERS),
    _slip("bearer-forgotten", "Le jeton n'est pas envoyé", "The token is not sent", "ROR-SEC-017",
          {**_HEADERS, "ROR-SEC-015": "no token is asked", "ROR-APP-005": "no token is asked", **_SHOWN,
           "ROR-APP-006": "nothing is received", "ROR-APP-001": "nothing is received"}),
    _slip("grant-misspelt", "grant_type est faux", "grant_type is wrong", "ROR-SEC-015"),
    _slip("system-dropped", "Un code est demandé sans son système", "A code is asked without its system",
          "ROR-HTTP-071", {"ROR-APP-010": "the criterion is another"}),
    _slip("system-misspelt", "Le système d'un code est mal écrit", "The system of a code is misspelt", "ROR-HTTP-072",
          {**_SHOWN, "ROR-APP-010": "the criterion is another", "ROR-APP-006": "nothing is found"}),
    _slip("encoded-twice", "Les valeurs sont encodées deux fois", "Values are encoded twice", "ROR-APP-008",
          {**_SHOWN, "ROR-APP-010": "the criterion is another", "ROR-APP-006": "nothing is found",
           "ROR-HTTP-071": "no bar is left between system and code", "ROR-APP-009": "an inclusion is not read"}),
    _slip("bar-unescaped", "La barre n'est pas encodée", "The bar is not encoded", "ROR-APP-008"),
    _slip("plus-unescaped", "Le + d'un fuseau n'est pas encodé", "The + of a time zone is not encoded", "ROR-HTTP-068",
          _SHOWN),
    _slip("include-in-other-case", "Une ressource incluse est mal écrite", "An included resource is misspelt",
          "ROR-HTTP-039", {**_SHOWN, "ROR-APP-006": "the search is refused"}),
    _slip("parameter-misspelt", "Un paramètre est mal écrit", "A parameter is misspelt", "ROR-APP-009",
          {"ROR-APP-010": "the criterion is another", **_SHOWN, "ROR-APP-006": "the search is another"}),
    _slip("criterion-forgotten", "Un critère est oublié", "A criterion is forgotten", "ROR-APP-010",
          {**_SHOWN, "ROR-APP-006": "the search is another"}),
)}
