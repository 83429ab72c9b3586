"""HTTPS: the certificate must be good for the name of the endpoint, though the connection goes to an address."""

from __future__ import annotations

import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from common.outbound.http import Sender


@pytest.fixture
def server(tmp_path):
    """An HTTPS server whose certificate is for ``localhost``; yields its port and the certificate's file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, secret = tmp_path / "cert.pem", tmp_path / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, secret)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_port, chain
    server.shutdown()
    thread.join()
    server.server_close()


def post(port, host):
    with Sender(allow_private=True, seconds=10) as sender:
        return sender.post(f"https://{host}:{port}/hooks", b"{}", {})


def test_a_certificate_of_nobody_we_trust_is_refused(server):
    answer = post(server[0], "localhost")
    assert answer.status is None
    assert "certificate" in answer.error.lower()


def test_a_trusted_certificate_counts_for_its_name_only(server, monkeypatch):
    port, chain = server
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    assert post(port, "localhost").status == 204
    refused = post(port, "127.0.0.1")
    assert refused.status is None
    assert "certificate" in refused.error.lower()
