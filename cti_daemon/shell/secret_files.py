"""Secrets: read once at start from files or systemd credentials, held in memory, never printed."""

import os
import ssl
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cti_daemon.model.fields import Secret
from cti_daemon.model.settings import MqttTls

MOST_BYTES = 4096


class SecretError(Exception):
    """Why a secret could not be had, and what to do about it."""


class KeyRingError(ValueError):
    """The register's key ring cannot be used; says why, never what stands there."""


@dataclass(frozen=True, slots=True)
class NodeSecrets:
    """What we alone share with one Asterisk."""

    password: str = field(repr=False)
    system_name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Lack:
    """A part of the site that cannot be used for want of its secret. No reason not to start: telephony never depends on it. `part` is its
    table in the configuration, `name` that of a gateway; `fault`: file, line, key, and what would be right."""

    part: str
    name: str
    fault: str


@dataclass(frozen=True, slots=True)
class Secrets:
    """Every secret of the site. Empty when the configuration was loaded offline."""

    nodes: Mapping[str, NodeSecrets] = field(default_factory=dict, repr=False)
    mqtt_password: str | None = field(default=None, repr=False)
    mqtt_tls: ssl.SSLContext | None = field(default=None, repr=False)
    register_keys: str | None = field(default=None, repr=False)
    """The text of the register's key ring."""
    gateways: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Apprise URLs by name of the gateway; of those that can be had."""
    call_out: str | None = field(default=None, repr=False)
    """Of the AMI account that may originate."""
    lacks: tuple[Lack, ...] = ()

    def of(self, node: str) -> NodeSecrets:
        return self.nodes[node]


def read_secret(secret: Secret, beside: Path) -> str:
    """The secret's text without its last line end. A relative file is beside the configuration. Raises SecretError."""
    path = path_of(secret, beside)
    return _text_of(_read(path), path)


def read_lines(secret: Secret, beside: Path) -> str:
    """The text of a secret that has several lines. Raises SecretError."""
    path = path_of(secret, beside)
    raw = _read(path)
    if len(raw) > MOST_BYTES:
        raise SecretError(f"{path} is longer than {MOST_BYTES} bytes; it must hold the keys and nothing else")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise SecretError(f"{path} is not UTF-8 text") from None


def tls_context(tls: MqttTls, beside: Path) -> ssl.SSLContext:
    """Who the broker must be, and who we are to it. TLS 1.2 or later, host name checked. Raises SecretError."""
    ca = beside / tls.ca
    try:
        context = ssl.create_default_context(cafile=str(ca))
    except (OSError, ssl.SSLError) as error:
        raise SecretError(f"{ca} is no certificate of an authority: {error.strerror or error}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.certificate is not None and tls.key is not None:
        certificate, key = beside / tls.certificate, path_of(tls.key, beside)
        _read(key)  # for its checks: who else may read it
        try:
            context.load_cert_chain(str(certificate), str(key), password="")  # a key with a passphrase must not ask a terminal for it
        except (OSError, ssl.SSLError) as error:
            raise SecretError(f"{certificate} and {key} are no certificate and its unencrypted key: {error.strerror or error}") from None
    return context


def _read(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise SecretError(f"{path} does not exist; write the secret there (one line, mode 0600)") from None
    except PermissionError:
        raise SecretError(
            f"{path} may not be read by user id {os.geteuid()}; let the daemon's user own it (mode 0600), or use a systemd credential"
        ) from None
    except OSError as error:
        raise SecretError(f"{path}: {error.strerror}") from None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise SecretError(f"{path} is not a regular file")
        if status.st_mode & (stat.S_IROTH | stat.S_IWOTH):
            raise SecretError(
                f"{path} has mode {stat.S_IMODE(status.st_mode):04o}: every user of this machine can read or change it; "
                f"chmod 600 {path}, and change the secret if it has been in use"
            )
        return file.read(MOST_BYTES + 1)


def path_of(secret: Secret, beside: Path) -> Path:
    """Where the secret lies. A relative file is beside the configuration. Raises SecretError."""
    if secret.file is not None:
        return beside / secret.file
    name = secret.credential or ""
    if "/" in name or name in {"", ".", ".."}:
        raise SecretError(f"{name!r} is not the name of a credential: no slashes, not empty")
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise SecretError(
            f"the credential {name!r} needs systemd (LoadCredential={name}:PATH in the unit); "
            "for a start by hand set CREDENTIALS_DIRECTORY to a folder that holds it"
        )
    return Path(folder) / name


def _text_of(raw: bytes, path: Path) -> str:
    if len(raw) > MOST_BYTES:
        raise SecretError(f"{path} is longer than {MOST_BYTES} bytes; it must hold the secret and nothing else")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise SecretError(f"{path} is not UTF-8 text; a secret is one line of text") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise SecretError(f"{path} is empty")
    if any(c in text for c in "\r\n\0"):
        raise SecretError(f"{path} holds more than one line; a secret is one line of text")
    return text
