"""Who may speak to the cluster: its certificates, the keys of its tokens, and the kubeconfig of its users."""

import base64
import csv
import datetime as dt
import io
import ipaddress
import json
import os
import secrets
import time
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALID = dt.timedelta(days=3650)
_USERS = {
    "admin": ("interlace-lab", "system:masters"),
    "controllers": ("system:kube-controller-manager", "system:masters"),
    "scheduler": ("system:kube-scheduler", ""),
    "machines": ("interlace-lab-machines", "system:masters"),
}
"""The name and group of each who comes with a token of the API server's own list."""


def write_private(path: Path, content: bytes | str) -> None:
    """Write a file that nobody else may read, in one step."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    data = content.encode() if isinstance(content, str) else content
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
    draft.replace(path)


class Credentials:
    """The keys below a directory; made once, and kept as long as the cluster's state is."""

    def __init__(self, directory: Path) -> None:
        self.authority = directory / "ca.crt"
        self.certificate = directory / "server.crt"
        self.key = directory / "server.key"
        self.signing_key = directory / "accounts.key"
        self.tokens = directory / "tokens.csv"
        self._directory = directory

    def ensure(self) -> None:
        """Make them, unless they are there. The list of tokens comes last and says that all are."""
        if self.tokens.exists():
            return
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        authority = ec.generate_private_key(ec.SECP256R1())
        server = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "interlace-lab")])
        write_private(self.authority, _pem(_authority(issuer, authority)))
        write_private(self.certificate, _pem(_certificate(issuer, authority, server.public_key())))
        write_private(self.key, _private(server))
        write_private(self.signing_key, _private(rsa.generate_private_key(65537, 2048)))
        text = io.StringIO()
        rows = [(secrets.token_hex(24), name, name, group) for name, group in _USERS.values()]
        csv.writer(text, lineterminator="\n").writerows(rows)
        write_private(self.tokens, text.getvalue())

    def token(self, user: str) -> str:
        """Of one of the list: admin, controllers, scheduler or machines."""
        rows = csv.reader(io.StringIO(self.tokens.read_text()))
        return next(row[0] for row in rows if row[1] == _USERS[user][0])

    def expired(self, token: str) -> str:
        """The same service account's token issued two hours ago, for one hour."""
        claims = json.loads(_decoded(token.split(".")[1]))
        issued = int(time.time()) - 7200
        return self._signed(
            claims | {"iat": issued, "nbf": issued, "exp": issued + 3600}, token.split(".")[0]
        )

    def _signed(self, claims: dict[str, Any], header: str) -> str:
        key = serialization.load_pem_private_key(self.signing_key.read_bytes(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        text = f"{header}.{_encoded(json.dumps(claims).encode())}"
        return f"{text}.{_encoded(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def write_kubeconfig(path: Path, server: str, authority: Path, users: dict[str, str], namespace: str) -> None:
    """One context for each user, named like it; the first is the current one.

    :param users: the token of each
    :param namespace: where all but the first work by default
    """
    data = base64.b64encode(authority.read_bytes()).decode()
    cluster = {"server": server, "certificate-authority-data": data}
    first = next(iter(users))
    spaces = {name: "default" if name == first else namespace for name in users}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": cluster}],
        "users": [{"name": name, "user": {"token": token}} for name, token in users.items()],
        "contexts": [
            {"name": name, "context": {"cluster": "lab", "user": name, "namespace": spaces[name]}}
            for name in users
        ],
        "current-context": first,
    }
    write_private(path, yaml.safe_dump(config, sort_keys=False))


def _authority(issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    usage = x509.KeyUsage(
        **dict.fromkeys(("key_cert_sign", "crl_sign", "digital_signature"), True),
        **dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment"), False),
        **dict.fromkeys(("key_agreement", "encipher_only", "decipher_only"), False),
    )
    made = _builder(issuer, issuer, key.public_key()).add_extension(usage, critical=True)
    return made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(
        key, hashes.SHA256()
    )


def _certificate(
    issuer: x509.Name, authority: ec.EllipticCurvePrivateKey, key: ec.EllipticCurvePublicKey
) -> x509.Certificate:
    """For every server of the lab on 127.0.0.1, and for the API server as etcd's only client."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "interlace-lab-server")])
    names = [x509.DNSName(name) for name in ("localhost", "kubernetes.default.svc")]
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    made = _builder(subject, issuer, key).add_extension(purposes, critical=False)
    made = made.add_extension(x509.SubjectAlternativeName([*names, loopback]), critical=False)
    return made.sign(authority, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - dt.timedelta(hours=1)).not_valid_after(now + _VALID)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
