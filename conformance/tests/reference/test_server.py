import datetime
import json
import socket
import ssl
import threading
from ipaddress import IPv4Address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from conformance.reference.app import create_app
from conformance.reference.server import DataError, Running, load, stored

EXAMPLES = Path(__file__).resolve().parents[4] / "shared" / "spec" / "ror-fhir" / "examples"


def certificate(folder, name, issuer=None):
    """A key and a certificate for the loopback, signed by an issuer or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, parent = issuer or (key, subject)
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(parent)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(signer, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return key, subject


def test_tls_with_a_required_client_certificate(store, tmp_path):
    authority = certificate(tmp_path, "ca")
    for name in ("server", "client"):
        certificate(tmp_path, name, authority)
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tmp_path / "ca.pem")
    served.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    served.verify_mode = ssl.CERT_REQUIRED
    with Running(create_app(store, profile_id="ror-fhir-0.7.0"), tls=served) as base:
        known, unknown = (ssl.create_default_context(cafile=tmp_path / "ca.pem") for _ in range(2))
        known.load_cert_chain(tmp_path / "client.pem", tmp_path / "client.key")
        answer = httpx.get(f"{base}/HealthcareService?_count=1", verify=known, trust_env=False)
        assert answer.json()["entry"][0]["fullUrl"].startswith("https://127.0.0.1")
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{base}/metadata", verify=unknown, trust_env=False)


def test_stop_leaves_no_thread_and_a_taken_port_is_told(store):
    before = threading.active_count()
    with Running(create_app(store, profile_id="ror-fhir-0.6.0")) as base:
        idle = httpx.Client(trust_env=False)
        assert idle.get(f"{base}/metadata").status_code == 200
        with (
            pytest.raises(OSError, match="in use"),
            Running(create_app(store, profile_id="ror-fhir-0.6.0"), port=httpx.URL(base).port),
        ):
            pass
    assert threading.active_count() == before
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", httpx.URL(base).port), timeout=1):
        pass


def test_load_opens_bundles(tmp_path):
    place = {"resourceType": "Location", "id": "1"}
    (tmp_path / "a.json").write_text(json.dumps({"resourceType": "Bundle", "entry": [{"resource": place}]}))
    (tmp_path / "b.json").write_text(json.dumps({**place, "id": "2"}))
    assert [each["id"] for each in load(tmp_path)] == ["1", "2"]


@pytest.mark.parametrize(
    ("text", "said"), [("{", "not JSON"), ("[]", "resourceType"), ('{"resourceType": "Location"}', "no id")]
)
def test_load_names_the_wrong_file(tmp_path, text, said):
    (tmp_path / "wrong.json").write_text(text)
    with pytest.raises(DataError, match=rf"wrong\.json.*{said}"):
        load(tmp_path)


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the official examples are not beside this checkout")
def test_official_examples_are_searchable():
    with Running(create_app(stored(load(EXAMPLES)), profile_id="ror-fhir-0.7.0")) as base:

        def total(path):
            return httpx.get(f"{base}/{path}", trust_env=False).json()["total"]

        assert total("HealthcareService?specialty=022") == 1
        assert total("HealthcareService?age-range-low=eq15|http://unitsofmeasure.org|a") == 1
        assert total("Location?commune-cog=78646&address-postalcode=78&_lastUpdated=ge2023") == 1
        assert total("Organization?type=460,72&name=quietude") == 2
        assert total("Practitioner?identifier=urn:oid:1.2.250.1.71.4.2.1|11111573474") == 1
