"""Revocation asked of a responder (OCSP) by nginx, in the place of a list: right, and wrong where nobody is asked."""

import base64
import contextlib
import datetime
import http.server
import threading
from urllib.parse import unquote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from conformance import pki
from conformance.reference.app import create_app
from conformance.reference.region import generate
from conformance.reference.server import Running, stored
from conformance.tests.tls.nginx import HOST, NGINX, serving
from conformance.tests.tls.test_nginx import LET_IN, NONE, PROFILE, judged, reached

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
BY_RESPONDER = "ssl_ocsp leaf; ssl_ocsp_responder http://{host}:{port}/;"


@contextlib.contextmanager
def responding(made, revoked):
    """``with responding(...) as port``: what the authority of organizations says of certificates."""
    issuer = made._issuer

    class Responder(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked = ocsp.load_der_ocsp_request(base64.b64decode(unquote(self.path[1:])))
            self.answer(asked)

        def do_POST(self):
            self.answer(ocsp.load_der_ocsp_request(self.rfile.read(int(self.headers["Content-Length"]))))

        def answer(self, asked):
            now = datetime.datetime.now(datetime.UTC)
            gone = asked.serial_number in revoked
            told = ocsp.OCSPResponseBuilder().add_response_by_hash(
                issuer_name_hash=asked.issuer_name_hash, issuer_key_hash=asked.issuer_key_hash,
                serial_number=asked.serial_number, algorithm=asked.hash_algorithm,
                cert_status=ocsp.OCSPCertStatus.REVOKED if gone else ocsp.OCSPCertStatus.GOOD,
                this_update=now, next_update=now + datetime.timedelta(hours=1),
                revocation_time=now if gone else None, revocation_reason=None,
            ).responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.certificate).certificates([issuer.certificate])
            body = told.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
            self.send_response(200)
            self.send_header("Content-Type", "application/ocsp-response")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments):
            """Says nothing."""

    server = http.server.ThreadingHTTPServer((HOST, 0), Responder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("asked", "told"), [(True, {}), (False, {"revoked": LET_IN})])
def test_a_certificate_that_a_responder_revoked_is_to_be_refused(asked, told, tmp_path):
    folder = tmp_path / "pki"
    made = pki.Pki(folder, datetime.datetime.now(datetime.UTC))
    made.server(pki.GOOD, HOST)
    pairs = {kind: made.client("right", kind) for kind in pki.CLIENTS}
    revoked = {x509.load_pem_x509_certificate(pairs[pki.REVOKED].certificate.read_bytes()).serial_number}
    with Running(create_app(stored(generate(50, 3)), profile_id=PROFILE)) as base, responding(made, revoked) as port:
        more = BY_RESPONDER.format(host=HOST, port=port) if asked else ""
        with serving(tmp_path, folder, base.split("/")[2], {"ssl_crl": None}, more=more) as served:
            judgements, _ = judged(reached(served, folder), tmp_path)
    seen = {one.step: one.findings[0].code if one.findings else "" for one in judgements if one.check.startswith("refused")}
    assert seen == {**NONE, **told}
