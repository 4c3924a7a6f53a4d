"""TLS of applications: that it is used, the certificate of the client, the servers that must be refused."""

import pytest

from conformance.tests.checks.heard import TOKEN, get, greeting, tells_wrong_from_right, told

TLS, CLIENT = "TLSv1.3 TLS_AES_256_GCM_SHA384", "sha256:00 CN=application"
REFUSED = (greeting("begun"), greeting("SSLV3_ALERT_CERTIFICATE_EXPIRED"))
CASES = {
    "request.tls": (("tls-used", {}, [get("Location")], {}), ("tls-used", {}, [get("Location")], {"tls": TLS})),
    "request.certificate": (("presents-certificate", {}, [TOKEN], {"tls": TLS}),
                            ("presents-certificate", {}, [TOKEN, get("Location")], {"tls": TLS, "client": CLIENT})),
    "request.trusted": (("refuses-server", {}, [TOKEN], {"tls": TLS}), ("refuses-server", {}, [], {"greetings": REFUSED})),
}


@pytest.mark.parametrize("code", CASES)
def test_the_wrong_connection_gives_it_and_the_right_one_does_not(code):
    tells_wrong_from_right(code, CASES[code])


@pytest.mark.parametrize(("check", "requests", "how", "codes"), [
    ("tls-used", [], {"greetings": (greeting("HTTP_REQUEST"),)}, {"request.tls"}),
    ("tls-used", [], {"greetings": REFUSED}, {"bench.not-met"}),
    ("tls-used", [], {}, {"bench.silent"}),
    ("refuses-server", [], {}, {"bench.silent"}),
    ("refuses-server", [], {"greetings": (greeting("HTTP_REQUEST"),)}, {"bench.not-met"}),
    ("refuses-server", [], {"greetings": (greeting("begun"), greeting("CERTIFICATE_VERIFY_FAILED"))}, {"bench.not-met"}),
    ("refuses-server", [], {"greetings": (greeting("begun"),)}, set()),
    ("no-secret", [(*TOKEN[:3], f"{TOKEN[3]}&client_secret=", TOKEN[4])], {}, set()),
    ("presents-certificate", [get("Location")], {"tls": TLS}, {"bench.not-met"}),
    ("presents-certificate", [], {"greetings": REFUSED}, {"bench.silent"}),
    ("no-secret", [TOKEN], {}, set()),
    ("no-secret", [(*TOKEN[:3], f"{TOKEN[3]}&client_secret=[secret 1]", TOKEN[4])], {}, {"request.parameter"}),
    ("no-secret", [(*TOKEN[:2], {**TOKEN[2], "authorization": "Basic [secret 1]"}, *TOKEN[3:])], {}, {"request.parameter"}),
    ("no-secret", [get("Location")], {}, {"bench.not-met"}),
])
def test_what_comes_in_by_tls(check, requests, how, codes):
    assert {one.code for one in told(check, {}, requests, **how)} == codes
