"""HTTP signatures made by hand, right in every part unless told otherwise: what forgers change is a field here."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

CAVAGE_COVERAGE = ("(request-target)", "host", "date", "digest", "content-type")
RFC_9421_COVERAGE = ("@method", "@target-uri", "content-digest")


@dataclass(frozen=True)
class Key:
    """An RSA key pair under a key id."""

    id: str
    private: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048), repr=False)

    def public_pem(self) -> str:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.private.public_key().public_bytes(serialization.Encoding.PEM, form).decode()

    def sign(self, text: str) -> str:
        return base64.b64encode(self.private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


def _sha256(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


@dataclass(frozen=True)
class Signing:
    """How one request is signed. `age` moves its time into the past, or, negative, into the future."""

    key: Key
    age: timedelta = timedelta()
    host: str | None = None
    """Sent and signed as the Host header instead of the real one."""
    method: str | None = None
    """Signed instead of the real method."""
    covered: tuple[str, ...] = ()

    def _moment(self) -> datetime:
        return datetime.now(UTC) - self.age

    def headers(self, method: str, url: str, body: bytes) -> dict[str, str]:
        raise NotImplementedError


@dataclass(frozen=True)
class Cavage(Signing):
    covered: tuple[str, ...] = CAVAGE_COVERAGE

    def headers(self, method: str, url: str, body: bytes) -> dict[str, str]:
        target = urlsplit(url)
        headers = {
            "Host": self.host or target.netloc,
            "Date": format_datetime(self._moment(), usegmt=True),
            "Digest": f"SHA-256={_sha256(body)}",
            "Content-Type": "application/activity+json",
        }
        values = {name.lower(): value for name, value in headers.items()}
        values["(request-target)"] = f"{(self.method or method).lower()} {target.path}{'?' + target.query if target.query else ''}"
        text = "\n".join(f"{name}: {values[name]}" for name in self.covered)
        signed = f'keyId="{self.key.id}",algorithm="rsa-sha256",headers="{" ".join(self.covered)}",signature="{self.key.sign(text)}"'
        return {**headers, "Signature": signed}


@dataclass(frozen=True)
class Rfc9421(Signing):
    covered: tuple[str, ...] = RFC_9421_COVERAGE
    created: bool = True
    expires: timedelta | None = None
    """After the creation; negative for one that has expired."""

    def headers(self, method: str, url: str, body: bytes) -> dict[str, str]:
        target = urlsplit(url)
        host = self.host or target.netloc
        headers = {"Host": host, "Content-Type": "application/activity+json", "Content-Digest": f"sha-256=:{_sha256(body)}:"}
        values = {name.lower(): value for name, value in headers.items()}
        values |= {"@method": self.method or method, "@target-uri": f"http://{host}{target.path}", "@authority": host, "@path": target.path}
        parameters = f"({' '.join(f'{chr(34)}{name}{chr(34)}' for name in self.covered)})"
        if self.created:
            parameters += f";created={int(self._moment().timestamp())}"
        if self.expires is not None:
            parameters += f";expires={int((self._moment() + self.expires).timestamp())}"
        parameters += f';keyid="{self.key.id}";alg="rsa-v1_5-sha256"'
        lines = [f'"{name}": {values[name]}' for name in self.covered] + [f'"@signature-params": {parameters}']
        return {**headers, "Signature-Input": f"sig1={parameters}", "Signature": f"sig1=:{self.key.sign(chr(10).join(lines))}:"}
