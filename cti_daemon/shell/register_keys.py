"""The register's key ring: seals a caller's number for one place in the file, and makes the digest by which he is found again.

AES-256-GCM with a fresh nonce for each value; row and column are associated data, so a value that is moved to another row does not
open. The digest is HMAC-SHA-256 over the digits, with a key of its own: who has the file and not the key cannot try numbers."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cti_daemon.shell.secret_files import KeyRingError

KEY_BYTES = 32
NONCE_BYTES = 12
FORMAT = 1
FINDER = "find"
"""The id of the key for digests."""
MOST_BYTES = 16_384
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_SHAPE = "lines `ID BASE64` of 32 bytes each, the first one writes, and one line `find BASE64`; `cti-daemon privacy new-key` draws them"


class LostKeyError(Exception):
    """The key of this value is not in the ring any more."""


class TornError(Exception):
    """The value was changed, or belongs to another row."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """`writes`: the id of the key that seals what is new."""

    writes: str
    _ciphers: dict[str, AESGCM] = field(repr=False)
    _finder: bytes = field(repr=False)

    def seal(self, number: str, row: int, column: str) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        head = bytes([FORMAT, len(self.writes)]) + self.writes.encode("ascii")
        return head + nonce + self._ciphers[self.writes].encrypt(nonce, number.encode(), _place(row, column))

    def open(self, sealed: bytes, row: int, column: str) -> str:
        """Raises LostKeyError, TornError."""
        key, rest = _parts(sealed)
        cipher = self._ciphers.get(key)
        if cipher is None:
            raise LostKeyError(f"sealed with the key {key!r}, which is not in the ring any more")
        try:
            return cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], _place(row, column)).decode()
        except (InvalidTag, ValueError):
            raise TornError("the sealed number was changed, or belongs to another row") from None

    def is_old(self, sealed: bytes) -> bool:
        """Was it sealed with another key than the one that writes? Raises TornError."""
        return _parts(sealed)[0] != self.writes

    def digest(self, number: str) -> str:
        """The same for every spelling of one number: blanks, hyphens and a leading + do not count."""
        return hmac.new(self._finder, digits_of(number).encode("ascii"), hashlib.sha256).hexdigest()


def read_ring(text: str) -> KeyRing:
    """Raises KeyRingError."""
    keys: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2 or not _ID.fullmatch(words[0]):
            raise KeyRingError(f"line {number} of the key ring is no `ID BASE64`; wanted are {_SHAPE}")
        if words[0] in keys:
            raise KeyRingError(f"the key {words[0]!r} stands twice in the key ring: each key needs its own id")
        keys[words[0]] = _key_of(words[0], words[1])
    finder = keys.pop(FINDER, None)
    if finder is None or not keys:
        missing = f"no line `{FINDER} BASE64`" if keys else "no key that writes"
        raise KeyRingError(f"the key ring has {missing}; wanted are {_SHAPE}")
    if len({*keys.values(), finder}) != len(keys) + 1:
        raise KeyRingError("two lines of the key ring hold the same key: draw each of its own")
    return KeyRing(next(iter(keys)), {name: AESGCM(key) for name, key in keys.items()}, finder)


def draw_line(name: str) -> str:
    """A new line for the ring. Raises KeyRingError for a name that cannot be one."""
    if not _ID.fullmatch(name):
        raise KeyRingError(f"{name!r} cannot name a key: letters, digits, '_', '.', '-', at most 32")
    return f"{name} {base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode('ascii')}"


def digits_of(number: str) -> str:
    return "".join(sign for sign in number if sign in "0123456789")


def _key_of(name: str, word: str) -> bytes:
    try:
        key = base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        raise KeyRingError(f"the key {name!r} is not base64") from None
    if len(key) != KEY_BYTES:
        raise KeyRingError(f"the key {name!r} has {len(key)} bytes; AES-256 wants {KEY_BYTES}")
    return key


def _place(row: int, column: str) -> bytes:
    return f"cti-daemon register {row} {column}".encode()


def _parts(sealed: bytes) -> tuple[str, bytes]:
    """The key's id, and nonce with ciphertext."""
    end = 2 + sealed[1] if len(sealed) > 2 else 0
    if not end or sealed[0] != FORMAT or len(sealed) < end + NONCE_BYTES + 16:
        raise TornError("the sealed number was cut off")
    return sealed[2:end].decode("ascii", "replace"), sealed[end:]
