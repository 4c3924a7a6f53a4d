"""Faults of who is let in: certificates, connections and tokens that a reference behind TLS does not refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from conformance.reference import lax
from conformance.reference.fault import Answer, Asked, Fault, Json

_TRACE = "Traceback (most recent call last): File \\\"/srv/ror/guard.py\\\", line 12"

_PROVES_NOTHING = {"ROR-SEC-012": "such a certificate stands for no secret",
                   "ROR-TLS-008": "revocation is not looked up either"}


def _lets(
    name: str, fr: str, en: str, breaks: str, *words: str, also: Mapping[str, str] | None = None
) -> Fault:
    return Fault(name, {"fr": fr, "en": en}, breaks, also or {}, lax=frozenset(words), secured=True)


def _refusing(
    name: str, fr: str, en: str, breaks: str, change: Callable[[Answer], Answer]
) -> Fault:
    """A fault of what is answered to who is not let in."""
    def answered(answer: Answer, _asked: Asked) -> Answer:
        return change(answer) if answer.status in (401, 403) else answer
    return Fault(name, {"fr": fr, "en": en}, breaks, answer=answered, secured=True)


def _undeclared(statement: Json) -> Json:
    del statement["rest"][0]["security"]["service"]
    return statement


SECURED: tuple[Fault, ...] = (
    _lets("token-without-certificate", "Un jeton est donné sans certificat, au seul client_id",
          "A token is given without a certificate, for the client_id alone", "ROR-SEC-008", lax.NO_CERTIFICATE),
    _lets("token-to-any-certificate", "Un jeton est donné à tout certificat de la bonne autorité",
          "A token is given to any certificate of the right authority", "ROR-TLS-010", lax.ANYONE),
    _lets("token-wants-secret", "Le certificat ne suffit pas : un secret est exigé en plus",
          "The certificate is not enough: a secret is wanted besides", "ROR-SEC-012", lax.SECRET_BESIDES),
    _lets("profile-0-without-token", "Le profil 0 ne reçoit pas de jeton par son secret",
          "Profile 0 is given no token for its secret", "ROR-SEC-011", lax.NO_SECRET),
    _lets("expired-certificate-accepted", "Les dates des certificats ne sont pas vérifiées",
          "The dates of certificates are not verified", "ROR-TLS-006", lax.TIME,
          also={"ROR-TLS-007": "the same dates"}),
    _lets("early-certificate-accepted", "Un certificat est cru avant sa date",
          "A certificate is trusted before its date", "ROR-TLS-007", lax.TIME, also={"ROR-TLS-006": "the same dates"}),
    _lets("revoked-certificate-accepted", "La liste de révocation n'est pas consultée",
          "The list of revocations is not looked at", "ROR-TLS-008", lax.REVOKED),
    _lets("any-authority-accepted", "Une autorité inconnue est crue", "An unknown authority is trusted", "ROR-TLS-005",
          lax.STRANGER, also=_PROVES_NOTHING),
    _lets("self-signed-accepted", "Un certificat auto-signé est cru", "A self-signed certificate is trusted",
          "ROR-TLS-004", lax.SELF_SIGNED, also=_PROVES_NOTHING),
    _lets("any-usage-accepted", "L'usage pour lequel un certificat est fait n'est pas regardé",
          "The use that a certificate is made for is not looked at", "ROR-TLS-009", lax.USAGE),
    _lets("old-tls-offered", "TLS 1.0 et 1.1 sont acceptés", "TLS 1.0 and 1.1 are accepted", "ROR-SEC-006",
          lax.OLD_TLS),
    _lets("weak-ciphers-offered", "Des suites sans chiffrement sont acceptées",
          "Suites without encryption are accepted", "ROR-TLS-002", lax.WEAK_CIPHERS),
    _lets("clear-http-served", "Le même port sert aussi HTTP en clair", "The same port serves clear HTTP, too",
          "ROR-SEC-007", lax.CLEAR),
    _lets("server-certificate-expired", "Le certificat du serveur est expiré",
          "The certificate of the server is expired", "ROR-TLS-001", lax.EXPIRED_SERVER),
    _lets("api-without-certificate", "L'API sert un jeton lié à un certificat sans que celui-ci soit présenté",
          "The API serves a token bound to a certificate that is not shown", "ROR-TLS-003", lax.BARE),
    _lets("token-of-another-certificate", "Un jeton ouvre avec le certificat d'un autre client",
          "A token opens with the certificate of another client", "ROR-TOK-001", lax.BINDING),
    _lets("token-not-checked", "Le jeton n'est pas contrôlé", "The token is not checked", "ROR-SEC-019", lax.NO_TOKEN),
    _lets("expired-token-accepted", "Un jeton expiré ouvre encore", "An expired token still opens", "ROR-SEC-019",
          lax.EXPIRY),
    _lets("altered-token-accepted", "L'intégrité du jeton n'est pas contrôlée",
          "That the token is intact is not checked", "ROR-SEC-019", lax.SIGNATURE),
    _lets("other-audience-accepted", "Un jeton fait pour une autre ressource ouvre",
          "A token made for another resource opens", "ROR-TOK-002", lax.AUDIENCE),
    _refusing("refusal-with-internals", "Le refus d'un jeton montre une trace d'exécution",
              "The refusal of a token shows a stack trace", "ROR-ERR-001",
              lambda answer: replace(answer, body=answer.body.replace(b"a valid", _TRACE.encode() + b" a valid"))),
    _refusing("refusal-with-version", "Le refus d'un jeton nomme le logiciel et sa version",
              "The refusal of a token names the software and its version", "ROR-TLS-011",
              lambda answer: replace(answer, headers={**answer.headers, "server": "nginx/1.22.1"})),
    _refusing("refusal-without-outcome", "Le refus d'un jeton est une page sans OperationOutcome",
              "The refusal of a token is a page without OperationOutcome", "ROR-SEC-019",
              lambda answer: replace(answer, headers={"content-type": "text/html"}, body=b"<html>401</html>")),
    Fault("capability-no-oauth", {"fr": "Le CapabilityStatement ne déclare pas OAuth",
                                  "en": "The CapabilityStatement does not declare OAuth"}, "ROR-SEC-005",
          capability=_undeclared),
)
