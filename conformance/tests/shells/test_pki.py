"""Certificates for tests: those that TLS accepts, those that it refuses, and why."""

import json
import ssl
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from conformance import pki
from conformance.cli.group import rorqual
from conformance.errors import OperatorError

REASONS = {pki.EXPIRED: "certificate has expired", pki.NOT_YET: "not yet valid", pki.SELF_SIGNED: "self-signed",
           pki.OTHER_AUTHORITY: "", pki.WRONG_USAGE: "purpose", pki.REVOKED: "revoked", pki.OTHER_NAME: "IP address mismatch"}

REFUSED = [one for one in pki.CLIENTS if one not in (pki.GOOD, pki.NOT_LISTED, pki.ANOTHER)]


@pytest.fixture
def made(tmp_path):
    return pki.Pki(tmp_path, datetime.now(UTC))


def handshake(made, server, client):
    """Shakes hands in memory, as two peers would over a connection; SSLError when one refuses the other."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(server.certificate, server.key)
    serving.load_verify_locations(made.authority)
    serving.load_verify_locations(made.revocations)
    serving.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF | ssl.VERIFY_X509_STRICT
    serving.verify_mode = ssl.CERT_REQUIRED
    calling = ssl.create_default_context(cafile=made.authority)
    calling.verify_flags |= ssl.VERIFY_X509_STRICT
    calling.load_cert_chain(client.certificate, client.key)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    peers = [calling.wrap_bio(to_client, to_server, server_hostname="127.0.0.1"),
             serving.wrap_bio(to_server, to_client, server_side=True)]
    for _ in range(6):
        for peer in peers:
            try:
                peer.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return peers[1].getpeercert()


def test_a_good_client_and_a_good_server_meet(made):
    told = handshake(made, made.server(pki.GOOD, "127.0.0.1"), made.client("one"))
    assert [value for part in told["subject"] for name, value in part if name == "commonName"] == ["one"]


@pytest.mark.parametrize("kind", [pki.NOT_LISTED, pki.ANOTHER])
def test_a_client_of_another_name_is_let_in_by_tls(made, kind):
    told = handshake(made, made.server(pki.GOOD, "127.0.0.1"), made.client("one", kind))
    assert (("commonName", f"one {kind}"),) in told["subject"]


@pytest.mark.parametrize("kind", REFUSED)
def test_a_client_that_must_be_refused_is(made, kind):
    with pytest.raises(ssl.SSLError) as refused:
        handshake(made, made.server(pki.GOOD, "127.0.0.1"), made.client("two", kind))
    assert REASONS[kind] in str(refused.value)


@pytest.mark.parametrize("kind", [one for one in pki.SERVERS if one != pki.GOOD])
def test_a_server_that_must_be_refused_is(made, kind):
    with pytest.raises(ssl.SSLError) as refused:
        handshake(made, made.server(kind, "127.0.0.1"), made.client("three"))
    assert REASONS[kind] in str(refused.value)


def test_the_command_writes_them_with_an_index(tmp_path):
    told = CliRunner().invoke(rorqual, ["pki", str(tmp_path / "new"), "--server", "ror.example.invalid", "--client", "A 1",
                                        "--client", "B", "--format", "json"])
    assert told.exit_code == 0, told.output
    rows = json.loads(told.output)
    assert len(rows) == 2 + len(pki.SERVERS) + 2 * len(pki.CLIENTS)
    for row in rows:
        for name in ("certificate", "key"):
            assert not row[name] or (tmp_path / "new" / row[name]).is_file()
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "new").glob("*.key")} == {0}
    assert "CN=A 1,OU=00000000000,O=TEST rorqual,ST=Paris (75),C=FR" in {row["subject"] for row in rows}


def test_two_certificates_never_share_a_file(made):
    made.client("a", pki.EXPIRED)
    with pytest.raises(FileExistsError):
        made.client("a-expired")


def test_keys_that_are_there_are_not_written_over(tmp_path):
    (tmp_path / "x").write_text("x")
    assert isinstance(CliRunner().invoke(rorqual, ["pki", str(tmp_path)]).exception, OperatorError)


@pytest.mark.parametrize("name", ["../up", "a/b", "", "x\ny", "x" * 80])
def test_a_name_that_would_leave_the_folder_is_refused(tmp_path, name):
    told = CliRunner().invoke(rorqual, ["pki", str(tmp_path / "new"), "--client", name])
    assert told.exit_code == 2
    assert not (tmp_path / "new").exists()
