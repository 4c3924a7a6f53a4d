"""Faults of the sample application: what each does wrong, and the requirement that it breaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_SHOWN = {"ROR-APP-007": "what is not received is not shown"}
_PAGES = {**_SHOWN, "ROR-APP-011": "the pages behind an empty one are not read"}
# what is compared with what is shown, whatever the answers were like
_JUDGED = dict.fromkeys(("ROR-APP-006", "ROR-APP-011", "ROR-APP-012"), "judged by what is shown")
_ALL = {**_SHOWN, **_JUDGED}
_REFUSED = {"ROR-APP-010": "what is refused is not stored", "ROR-HTTP-116": "what is refused is not accepted",
            "ROR-HTTP-118": "what is refused is not added"}
_HEADERS = {"ROR-HTTP-151": "asks for the four headers together"}


@dataclass(frozen=True, slots=True)
class Slip:
    """A single fault of an application: the requirement it breaks, those it may break besides, with the reason."""

    name: str
    title: Mapping[str, str]
    breaks: str
    also: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def _slip(name: str, french: str, english: str, breaks: str, also: Mapping[str, str] | None = None) -> Slip:
    beside = {requirement: why for requirement, why in (also or {}).items() if requirement != breaks}
    return Slip(name, {"fr": french, "en": english}, breaks, beside)


SLIPS: Mapping[str, Slip] = {one.name: one for one in (
    _slip("next-ignored", "Le lien suivant est ignoré", "The next link is ignored", "ROR-APP-001",
          _PAGES),
    _slip("next-rebuilt", "Le lien suivant est reconstruit", "The next link is rebuilt", "ROR-APP-001",
          _PAGES),
    _slip("next-taken-as-absolute", "Un lien relatif n'est pas compris", "A relative link is not understood",
          "ROR-APP-001", _SHOWN),
    _slip("last-one-lost", "Le dernier résultat n'est pas montré", "The last result is not shown", "ROR-APP-007",
          {"ROR-APP-006": "judged by the same comparison"}),
    _slip("repetitions-shown", "Un résultat répété est montré deux fois", "A repeated result is shown twice",
          "ROR-APP-007"),
    _slip("inclusions-shown", "Les ressources incluses sont montrées", "Included resources are shown", "ROR-APP-007",
          _JUDGED),
    _slip("retry-after-ignored", "Retry-After est ignoré", "Retry-After is ignored", "ROR-APP-002", _SHOWN),
    _slip("retry-date-ignored", "Retry-After en date est ignoré", "Retry-After as a date is ignored", "ROR-APP-002",
          _SHOWN),
    _slip("never-gives-up", "L'application insiste sans fin", "The application insists without end", "ROR-APP-004"),
    _slip("ended-token-kept", "Un jeton refusé est gardé", "A refused token is kept", "ROR-APP-005", _SHOWN),
    _slip("extension-refused", "Une extension inconnue est refusée", "An unknown extension is refused", "ROR-APP-006"),
    _slip("code-refused", "Un code inconnu est refusé", "An unknown code is refused", "ROR-APP-006"),
    _slip("comment-required", "Un élément facultatif est exigé", "An optional element is required",
          "ROR-APP-006",
          dict.fromkeys(("ROR-APP-001", "ROR-APP-007", "ROR-APP-011", "ROR-APP-012"),
                                           "a resource without a comment is refused")),
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
          {**_ALL, **_HEADERS, "ROR-HTTP-137": "says the same of extractions",
           **dict.fromkeys(("ROR-SEC-010", "ROR-SEC-014", "ROR-SEC-015", "ROR-APP-005"), "no token is asked"),
           **dict.fromkeys(("ROR-APP-001", "ROR-HTTP-124", "ROR-HTTP-130"), "nothing is received")}),
    _slip("grant-misspelt", "grant_type est faux", "grant_type is wrong", "ROR-SEC-010"),
    _slip("system-dropped", "Un code est demandé sans son système", "A code is asked without its system",
          "ROR-HTTP-071", {"ROR-APP-010": "the criterion is another"}),
    _slip("system-misspelt", "Le système d'un code est mal écrit", "The system of a code is misspelt", "ROR-HTTP-072",
          {**_ALL, "ROR-APP-010": "the criterion is another"}),
    _slip("encoded-twice", "Les valeurs sont encodées deux fois", "Values are encoded twice", "ROR-APP-008",
          {**_ALL, "ROR-APP-010": "the criterion is another", "ROR-HTTP-071": "no bar is left between system and code",
           "ROR-APP-009": "an inclusion is not read", "ROR-APP-014": "an inclusion is not read"}),
    _slip("bar-unescaped", "La barre n'est pas encodée", "The bar is not encoded", "ROR-APP-008"),
    _slip("plus-unescaped", "Le + d'un fuseau n'est pas encodé", "The + of a time zone is not encoded", "ROR-HTTP-068",
          {**_SHOWN, "ROR-APP-006": "judged by what is shown"}),
    _slip("include-in-other-case", "Une ressource incluse est mal écrite", "An included resource is misspelt",
          "ROR-HTTP-039",
          {**_ALL, "ROR-APP-014": "what is not included is not received"}),
    _slip("parameter-misspelt", "Un paramètre est mal écrit", "A parameter is misspelt", "ROR-APP-009",
          {**_ALL, "ROR-APP-010": "the criterion is another"}),
    _slip("criterion-forgotten", "Un critère est oublié", "A criterion is forgotten", "ROR-APP-010",
          _ALL),
    _slip("empty-page-taken-as-the-last", "Une page vide est prise pour la dernière",
          "An empty page is taken as the last",
          "ROR-APP-011", {"ROR-APP-001": "the link of the empty page is not followed"}),
    _slip("remark-shown", "Une remarque du serveur est montrée", "A remark of the server is shown", "ROR-APP-011"),
    _slip("media-type-compared", "Le type de média est comparé en entier", "The media type is compared as a whole",
          "ROR-APP-011"),
    _slip("impatient", "L'application n'attend pas une réponse lente",
          "The application does not wait for a slow answer",
          "ROR-APP-011"),
    _slip("not-modified-refused", "Une réponse 304 n'est pas comprise", "An answer 304 is not understood",
          "ROR-APP-011"),
    _slip("redirection-refused", "Une redirection n'est pas suivie", "A redirection is not followed", "ROR-APP-012"),
    _slip("retired-refused", "Un code retiré est refusé", "A retired code is refused", "ROR-APP-006"),
    _slip("element-refused", "Un élément à venir est refusé", "An element to come is refused", "ROR-APP-006"),
    _slip("zone-refused", "Un autre fuseau est refusé", "Another time zone is refused", "ROR-APP-006"),
    _slip("versions-told-apart", "Une version suivante est montrée en plus", "A later version is shown besides",
          "ROR-APP-007"),
    _slip("zone-forgotten", "L'heure est demandée sans fuseau", "A time is asked without its zone", "ROR-HTTP-067",
          {**_SHOWN, "ROR-APP-010": "the instant is another", "ROR-APP-006": "the instant is another"}),
    _slip("pace-ignored", "Le rythme convenu est dépassé", "The pace that was agreed is exceeded", "ROR-APP-013"),
    _slip("nothing-included", "Les ressources liées ne sont pas demandées", "Linked resources are not asked for",
          "ROR-APP-014"),
    _slip("write-repeated", "Une création sans réponse est renvoyée", "A creation without answer is sent again",
          "ROR-APP-003", {"ROR-APP-016": "what is sent a second time is told as stored"}),
    _slip("plain-json-sent", "Content-Type n'est pas celui de FHIR", "Content-Type is not that of FHIR", "ROR-HTTP-008",
          _REFUSED),
    _slip("reason-forgotten", "Le motif d'un signalement manque", "The reason of a report is missing", "ROR-APP-010"),
    _slip("number-forgotten", "Une autre capacité est envoyée", "Another capacity is sent", "ROR-APP-010"),
    _slip("headers-with-capacities", "Les en-têtes Ror-* accompagnent une capacité",
          "The Ror-* headers go with a capacity",
          "ROR-SEC-027", {"ROR-HTTP-117": "says the same"}),
    _slip("establishment-dropped", "L'identifiant d'un lieu est sans son établissement",
          "The identifier of a place lacks its establishment", "ROR-HTTP-116", _REFUSED),
    _slip("capacity-to-consultation", "Une capacité part à l'adresse de consultation",
          "A capacity goes to the address of consultation", "ROR-HTTP-116",
          {**_REFUSED, **dict.fromkeys(("ROR-HTTP-117", "ROR-SEC-027"), "a request of consultation has its headers")}),
    _slip("json-patch-sent", "Un JSON Patch est envoyé", "A JSON Patch is sent", "ROR-HTTP-106", _REFUSED),
    _slip("added-first", "Une capacité est ajoutée sans essayer replace", "A capacity is added without a replace",
          "ROR-HTTP-118"),
    _slip("never-added", "Une capacité absente n'est pas ajoutée", "A capacity that is absent is not added",
          "ROR-HTTP-118", _REFUSED),
    _slip("extracted-by-search", "L'extraction se fait par une recherche", "The extraction is done by a search",
          "ROR-HTTP-139", {**_SHOWN, "ROR-HTTP-124": "no $export", "ROR-HTTP-130": "no $export"}),
    _slip("region-forgotten", "La région n'est pas demandée", "The region is not asked for", "ROR-HTTP-130"),
    _slip("async-unsaid", "Prefer: respond-async manque", "Prefer: respond-async is missing", "ROR-HTTP-126"),
    _slip("state-asked-once", "L'état n'est demandé qu'une fois", "The state is asked once only", "ROR-HTTP-133",
          _SHOWN),
    _slip("first-file-alone", "Un seul fichier est téléchargé", "One file alone is fetched", "ROR-HTTP-133", _SHOWN),
    _slip("any-server-trusted", "Tout serveur est accepté", "Any server is accepted", "ROR-APP-015"),
    _slip("name-unchecked", "Le nom du serveur n'est pas vérifié", "The name of the server is not verified",
          "ROR-APP-015"),
    _slip("certificate-forgotten", "Le certificat du client n'est pas présenté",
          "The certificate of the client is not presented", "ROR-SEC-008"),
    _slip("secret-with-certificate", "Un secret accompagne le certificat", "A secret goes with the certificate",
          "ROR-SEC-012"),
    _slip("clear-text", "Le jeton est demandé en clair", "The token is asked in clear", "ROR-SEC-007"),
    _slip("failure-hidden", "Un échec est montré comme un résultat vide", "A failure is shown as an empty result",
          "ROR-APP-016"),
)}
