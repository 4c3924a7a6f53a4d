"""An application that a webhook drives, and webhooks that fail."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from conformance import profile
from conformance.cli.group import rorqual
from conformance.driven import Hooked
from conformance.engine.consume import Instruction
from conformance.reference.consumer import Application

LATEST = profile.known()[-1]


@pytest.fixture
def webhook():
    """The sample application behind a webhook; what it is to answer else, by path."""
    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == "/slow":
                time.sleep(3)
            body = {"/broken": b"not json", "/list": b"[1]", "/half": b'{"shown": ["\\ud800"]}'}.get(self.path) or json.dumps(
                Application(told["endpoint"]).do(told["action"], told["values"])).encode()
            self.send_response({"/error": 500, "/elsewhere": 302}.get(self.path, 200))
            self.send_header("Location", "/do")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_webhook_drives_the_application(webhook, tmp_path):
    path = tmp_path / "candidate.yaml"
    path.write_text(json.dumps({"product": "A", "version": "1", "vendor": "V", "role": "consumer", "profiles": [LATEST],
                                "webhook": f"{webhook}/do"}), encoding="utf-8")
    told = CliRunner().invoke(rorqual, ["bench", str(path), "--only", "socle/c03-pages", "--tls", "--out", str(tmp_path / "run")])
    assert told.exit_code == 0, told.output
    assert "Conformant" in told.output


@pytest.mark.parametrize(("path", "said"), [
    ("/broken", "webhook: no JSON object in its answer: 'not json'"), ("/list", "webhook: no JSON object"),
    ("/error", "webhook: status 500"), ("/elsewhere", "webhook: status 302"), ("/half", "webhook: no JSON object"),
])
def test_a_webhook_that_fails_is_told(webhook, path, said):
    acting = Hooked(webhook + path, Instruction("search-offers", {}, {}, ENDPOINT))
    while not acting.ended():
        time.sleep(0.01)
    assert acting.outcome() is None
    assert acting.failure().startswith(said)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/none", "http://[::1/act"])
def test_a_webhook_that_is_not_there_is_told(address):
    acting = Hooked(address, Instruction("search-offers", {}, {}, ENDPOINT))
    while not acting.ended():
        time.sleep(0.01)
    assert acting.failure().startswith("webhook: ")


def test_a_webhook_that_answers_too_late_tells_nothing(webhook):
    acting = Hooked(f"{webhook}/slow", Instruction("search-offers", {}, {}, ENDPOINT))
    acting.stop()
    assert (acting.outcome(), acting.failure()) == (None, "webhook: no answer in time")


ENDPOINT = dict.fromkeys(("base-url", "token-url", "capacities-url", "anomalies-url"), "http://127.0.0.1:9/x") | {
    "client-id": "a", "client-secret": "b", "headers": {}}
