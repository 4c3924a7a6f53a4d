"""Candidates that misbehave, on real sockets of the loopback, and certificates to speak TLS with."""

import contextlib
import datetime
import ipaddress
import json
import socket
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


class Misbehaving:
    """Accepts connections, reads one request, and lets a function do as it likes with the socket."""

    def __init__(self, behave, tls=None, reads=True):
        self.behave, self.tls, self.reads, self.requests = behave, tls, reads, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.base = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/fhir"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError, ValueError), connection:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                self.requests.append(request(connection) if self.reads else connection.recv(65536))
                self.behave(connection, len(self.requests))

    def close(self):
        self.listener.close()


def request(connection):
    """The bytes of one request, its form included; ValueError when the peer leaves before its end."""
    data = b""
    while b"\r\n\r\n" not in data or len(data.partition(b"\r\n\r\n")[2]) < _length(data):
        part = connection.recv(65536)
        if not part:
            raise ValueError
        data += part
    return data


def _length(data):
    for line in data.partition(b"\r\n\r\n")[0].lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def http(body=b"", status="200 OK", **headers):
    """The bytes of an answer; a header given as ``Content_Length`` replaces the true one."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"Content-Type": "application/fhir+json", "Content-Length": str(len(body)), "Connection": "close"}
    given.update({name.replace("_", "-"): value for name, value in headers.items()})
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body


def sends(answer):
    """A behaviour: always the same bytes."""
    return lambda connection, _number: connection.sendall(answer)


def drips(beginning, seconds=0.05, times=400):
    """A behaviour: a beginning, then one byte now and then."""

    def behave(connection, _number):
        connection.sendall(beginning)
        for _ in range(times):
            time.sleep(seconds)
            connection.sendall(b" ")

    return behave


def bundle(*entries, **parts):
    """A searchset."""
    return {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": list(entries), **parts}


def entry(identifier, **parts):
    """An entry that matches: a HealthcareService of an id."""
    return {"fullUrl": f"http://x/HealthcareService/{identifier}", "search": {"mode": "match"},
            "resource": {"resourceType": "HealthcareService", "id": str(identifier), **parts}}


def next_to(url):
    """The links of a page that is followed by another."""
    return [{"relation": "next", "url": url}]


class Authority:
    """A certificate authority for the time of a test; writes PEM files in a folder."""

    def __init__(self, folder, name="authority"):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._certificate(self.name, self.key).add_extension(x509.BasicConstraints(True, None), True)
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def issue(self, name, password=b"", server=False):
        """The paths of a certificate and of its key, which a password may protect."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        made = (self._certificate(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key)
                .add_extension(here, False).add_extension(x509.ExtendedKeyUsage([usage]), False))
        closed = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        certificate, secret = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        certificate.write_bytes(made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, closed))
        return certificate, secret

    def _certificate(self, subject, key):
        now = datetime.datetime.now(datetime.UTC)
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
                .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
                .not_valid_after(now + datetime.timedelta(days=1)))
