"""From a TOML file to `Settings` and secrets; or to every fault at once, each with file, line, key and what would be right."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cti_daemon.model.fields import Secret
from cti_daemon.model.incidents import Plan
from cti_daemon.model.settings import Settings
from cti_daemon.shell import plan_files
from cti_daemon.shell.config_faults import Fault, address_faults, explain, gateway_faults
from cti_daemon.shell.drill_calendar import calendar_faults
from cti_daemon.shell.secret_files import KeyRingError, Lack, NodeSecrets, SecretError, Secrets, read_lines, read_secret, tls_context
from cti_daemon.shell.time_zone import zone_faults
from cti_daemon.wire.toml_lines import Path as KeyPath
from cti_daemon.wire.toml_lines import TomlLines

MOST_BYTES = 1_000_000


class ConfigError(Exception):
    """The configuration cannot be used; `faults` has all that was found."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(f) for f in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Loaded:
    """`plans`: those of the folder that `[plans]` names which are well; none without it. A faulty plan file (`plan_faults`) is no reason
    not to watch over calls."""

    settings: Settings
    secrets: Secrets
    plans: tuple[Plan, ...] = ()
    plan_faults: tuple[Fault, ...] = ()
    source: Path = Path()


def load(path: str | Path, *, offline: bool = False) -> Loaded:
    """Read and check `path`; `offline` leaves the secrets unread (then `secrets` is empty). Raises ConfigError."""
    file = Path(path)
    text = _read(file)
    data = _parse(file, text)
    lines = TomlLines(text)
    faults = address_faults(file, lines, data)
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        faults += explain(file, lines, error)
    secrets = Secrets()
    if settings is not None:
        faults += zone_faults(file, lines, settings)
        faults += calendar_faults(file, lines, settings)
    if settings is not None and not offline:
        secrets, refused = _read_secrets(file, lines, settings)
        faults += refused
    if faults or settings is None:
        raise ConfigError(tuple(sorted(set(faults), key=lambda f: (f.line or 0, f.key, f.text))))
    plans, plan_faults = plan_files.read(settings, file)
    return Loaded(settings, secrets, plans, tuple(plan_faults), file)


def _read(file: Path) -> str:
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        raise ConfigError((Fault(file, None, "", "there is no such file; name one with --config"),)) from None
    except OSError as error:
        raise ConfigError((Fault(file, None, "", f"cannot be read: {error.strerror}"),)) from None
    if len(raw) > MOST_BYTES:
        raise ConfigError((Fault(file, None, "", f"is larger than {MOST_BYTES} bytes; this is no configuration"),))
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError((Fault(file, line, "", "is not UTF-8; save the file as UTF-8"),)) from None


def _parse(file: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, line = str(error), None
        head, found, tail = message.rpartition(" (at ")
        if found:
            message = head
            words = tail.rstrip(")").replace(",", "").split()
            line = int(words[1]) if words[:1] == ["line"] else len(text.splitlines())
        raise ConfigError((Fault(file, line, "", f"is not TOML here: {message}"),)) from None


def _read_secrets(file: Path, lines: TomlLines, settings: Settings) -> tuple[Secrets, list[Fault]]:
    faults: list[Fault] = []

    def read(secret: Secret, path: KeyPath) -> str:
        try:
            return read_secret(secret, file.parent)
        except SecretError as fault:
            faults.append(Fault.at(file, lines, path, str(fault)))
            return ""

    nodes = {
        node.name: NodeSecrets(
            password=read(node.secret, ("node", i, "secret")),
            system_name=read(node.system_name, ("node", i, "system_name")),
        )
        for i, node in enumerate(settings.node)
    }
    password = tls = None
    if settings.mqtt is not None and settings.mqtt.password is not None:
        password = read(settings.mqtt.password, ("mqtt", "password"))
    if settings.mqtt is not None and settings.mqtt.tls is not None:
        try:
            tls = tls_context(settings.mqtt.tls, file.parent)
        except SecretError as fault:
            faults.append(Fault.at(file, lines, ("mqtt", "tls"), str(fault)))
    return replace(_read_parts(file, lines, settings), nodes=nodes, mqtt_password=password, mqtt_tls=tls), faults


def _read_parts(file: Path, lines: TomlLines, settings: Settings) -> Secrets:
    """Secrets of what telephony does not depend on: one that cannot be used is a lack, and no fault."""
    lacks: list[Lack] = []

    def read(part: str, name: str, path: KeyPath, act: Callable[[], str]) -> str | None:
        try:
            return act()
        except (SecretError, KeyRingError) as fault:
            lacks.append(Lack(part, name, str(Fault.at(file, lines, path, str(fault)))))
            return None

    keys = call_out = None
    if settings.affected is not None:
        ring = settings.affected.keys
        keys = read("register", "", ("register", "keys"), lambda: _ring(ring, file.parent))
    gateways: dict[str, str] = {}
    for i, gateway in enumerate(settings.gateway):
        url = read("gateway", gateway.name, ("gateway", i, "url"), lambda gateway=gateway: read_secret(gateway.url, file.parent))  # type: ignore[misc]
        if url is not None:
            gateways[gateway.name] = url
    for gateway_name, wrong in gateway_faults(file, lines, settings, gateways):
        lacks.append(Lack("gateway", gateway_name, str(wrong)))
    if settings.call_out is not None:
        secret = settings.call_out.secret
        call_out = read("call_out", "", ("call_out", "secret"), lambda: read_secret(secret, file.parent))
    return Secrets(register_keys=keys, gateways=gateways, call_out=call_out, lacks=tuple(lacks))


def _ring(secret: Secret, beside: Path) -> str:
    from cti_daemon.shell.register_keys import read_ring  # noqa: PLC0415 - its ciphers take memory that a site without a register keeps

    text = read_lines(secret, beside)
    read_ring(text)
    return text
