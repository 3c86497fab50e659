"""An authenticator in software, by hand from the WebAuthn standard: it makes keys, signs, counts; it can lie."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import encode_cbor

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text(data: bytes) -> str:
    """Return bytes in base64url, as browsers write them."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def data(text: str) -> bytes:
    """Return what a text in base64url stands for."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """A phone with one passkey. `verifies`: its owner confirms with a finger; `counts`: it has a counter."""

    origin: str
    verifies: bool = True
    counts: bool = True
    count: int = 0
    credential: bytes = b""
    user: bytes = b""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: dict[str, Any]) -> str:
        """Answer `navigator.credentials.create`, as JSON."""
        self.credential, self.user = secrets.token_bytes(32), data(options["user"]["id"])
        assert {"type": "public-key", "alg": -7} in options["pubKeyCredParams"]
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + encode_cbor(cose)
        made = encode_cbor(
            {"fmt": "none", "attStmt": {}, "authData": self._head(options["rp"]["id"], ATTESTED) + attested}
        )
        return self._answer("webauthn.create", options["challenge"], attestationObject=text(made))

    def get(self, options: dict[str, Any], *, origin: str = "") -> str:
        """Answer `navigator.credentials.get`, as JSON."""
        self.count += self.counts
        head = self._head(options["rpId"])
        client = self._client("webauthn.get", options["challenge"], origin)
        signature = self.key.sign(head + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        signed = {"authenticatorData": text(head), "signature": text(signature), "userHandle": text(self.user)}
        return self._answer("webauthn.get", options["challenge"], origin=origin, **signed)

    def _head(self, party: str, flags: int = 0) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        return hashlib.sha256(party.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str, origin: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": origin or self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _answer(self, kind: str, challenge: str, *, origin: str = "", **response: str) -> str:
        client = text(self._client(kind, challenge, origin))
        name = text(self.credential)
        whole = {"id": name, "rawId": name, "type": "public-key", "clientExtensionResults": {}}
        return json.dumps({**whole, "response": {"clientDataJSON": client, **response}})
