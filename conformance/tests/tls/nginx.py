"""The nginx of the machine, in front of the reference: one configuration that is right, and what makes it wrong."""

import contextlib
import shutil
import socket
import subprocess
import time

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
HOST = "127.0.0.1"
RIGHT = {
    "ssl_certificate": "{pki}/server-127.0.0.1.pem",
    "ssl_certificate_key": "{pki}/server-127.0.0.1.key",
    "ssl_client_certificate": "{pki}/authority.pem",
    "ssl_crl": "{pki}/crl.pem",
    "ssl_verify_client": "on",
    "ssl_verify_depth": "2",
    "ssl_protocols": "TLSv1.2 TLSv1.3",
    "ssl_ciphers": "HIGH:!aNULL:!MD5",
    "server_tokens": "off",
}
LISTED = 'if ($ssl_client_s_dn !~ "CN=(right|right other-certificate)(,|$)") {{ return 403; }}'
CONFIGURATION = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log; worker_rlimit_nofile 256;
events {{ worker_connections 128; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen {host}:{port} ssl;
    {directives}
    {more}
    location / {{ {listed} proxy_pass http://{behind}; proxy_set_header Host $http_host;
      proxy_set_header X-Client $ssl_client_escaped_cert; }}
    {places}
  }}
}}
"""


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        return taken.getsockname()[1]


@contextlib.contextmanager
def serving(folder, pki, behind, changes, listed=True, more="", places=""):
    """``with serving(...) as port``: nginx with the right directives, some changed (None: left out)."""
    port = free_port()
    directives = {**RIGHT, **changes}
    said = "\n    ".join(f"{name} {value.format(pki=pki)};" for name, value in directives.items() if value is not None)
    known = {"folder": folder, "port": port, "host": HOST, "behind": behind}
    written = CONFIGURATION.format(**known, directives=said, more=more.format(pki=pki), listed=LISTED.format() if listed else "",
                                   places=places.format(**known))
    (folder / "nginx.conf").write_text(written)
    command = [NGINX, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _wait(process, port)
        yield port
    finally:
        process.terminate()
        process.wait(10)
        process.stderr.close()


def _wait(process, port):
    end = time.monotonic() + 10
    while time.monotonic() < end:
        assert process.poll() is None, process.stderr.read().decode()
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
            return
        time.sleep(0.02)
    raise TimeoutError("nginx did not start")
