"""Issue 5: "TLS with client certificates supported and tested", against a real Mosquitto that takes nobody without one."""

# ruff: noqa: ASYNC110 - a test waits for what it sees from outside

import asyncio
import contextlib
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cti_daemon.model.effects import Report
from cti_daemon.model.fields import Secret
from cti_daemon.model.settings import MqttTls, Settings
from cti_daemon.shell.mqtt import MqttBridge
from cti_daemon.shell.secret_files import SecretError, tls_context
from tests.shell.broker import Broker
from tests.shell.conftest import Picture

pytestmark = [pytest.mark.slow, pytest.mark.broker]


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=30)


def make_authority(folder: Path, name: str) -> None:
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(folder, "req", "-x509", *curve, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2", "-subj", f"/CN={name}")


def sign(folder: Path, authority: str, name: str, extension: str) -> None:
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(folder, "req", *curve, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
    (folder / "extension").write_text(extension)
    signing = ("-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-CAcreateserial", "-days", "2", "-extfile", "extension")
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signing)
    (folder / f"{name}.key").chmod(0o600)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    for authority in ("site-ca", "other-ca"):
        make_authority(folder, authority)
    sign(folder, "site-ca", "broker", "subjectAltName=DNS:localhost\n")
    sign(folder, "site-ca", "cti-daemon", "extendedKeyUsage=clientAuth\n")
    sign(folder, "other-ca", "stranger", "extendedKeyUsage=clientAuth\n")
    return folder


@pytest.fixture
async def broker(tmp_path: Path, pki: Path) -> AsyncIterator[Broker]:
    listener = (
        f"cafile {pki}/site-ca.pem\ncertfile {pki}/broker.pem\nkeyfile {pki}/broker.key\n"
        "require_certificate true\nuse_identity_as_username true\n"
    )
    made = Broker(tmp_path, listener=listener)
    await made.start()
    yield made
    made.stop()


def tls(pki: Path, *, ca: str = "site-ca", name: str | None = "cti-daemon") -> ssl.SSLContext:
    key = Secret(file=f"{name}.key") if name else None
    return tls_context(MqttTls(ca=f"{ca}.pem", certificate=f"{name}.pem" if name else None, key=key), pki)


@contextlib.asynccontextmanager
async def bridge(
    broker: Broker, settings: Settings, picture: Picture, context: ssl.SSLContext | None, host: str = "localhost"
) -> AsyncIterator[MqttBridge]:
    assert settings.mqtt is not None
    at = settings.model_copy(update={"mqtt": settings.mqtt.model_copy(update={"host": host, "port": broker.port})})
    made = MqttBridge(at, None, lambda _: None, picture, tls=context)
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def faults(capsys: pytest.CaptureFixture[str]) -> str:
    """What was logged about the connection that failed."""
    said = ""
    async with asyncio.timeout(20):
        while "broker is not reached" not in said:
            await asyncio.sleep(0.02)
            said += capsys.readouterr().out
    return said


async def test_with_a_certificate_of_the_site_the_bridge_is_on(broker: Broker, settings: Settings, picture: Picture, pki: Path) -> None:
    """The name in the certificate is the user: the ACL's `user cti-daemon` may publish the site's state."""
    async with bridge(broker, settings, picture, tls(pki)) as made, asyncio.timeout(20):
        while not made.is_connected:
            await asyncio.sleep(0.02)
        made.report(Report("alarm", "info", "over TLS"))
        while made._waiting:
            await asyncio.sleep(0.02)


# paho drops the socket of a handshake that failed without closing it; it is closed when it is collected, at once.
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
@pytest.mark.parametrize(
    ("name", "ca", "host", "why"),
    [
        (None, "site-ca", "localhost", ""),
        ("stranger", "site-ca", "localhost", ""),
        ("cti-daemon", "other-ca", "localhost", "self-signed certificate"),
        ("cti-daemon", "site-ca", "127.0.0.1", "not valid for '127.0.0.1'"),
    ],
    ids=["no certificate", "another authority's certificate", "a broker nobody vouches for", "a certificate for another host"],
)
async def test_without_the_right_certificates_nobody_talks(  # noqa: PLR0917 - four of them are the case
    broker: Broker,
    settings: Settings,
    picture: Picture,
    pki: Path,
    capsys: pytest.CaptureFixture[str],
    name: str | None,
    ca: str,
    host: str,
    why: str,
) -> None:
    async with bridge(broker, settings, picture, tls(pki, ca=ca, name=name), host) as made:
        assert why in await faults(capsys)
        assert not made.is_connected


async def test_without_tls_nobody_talks(broker: Broker, settings: Settings, picture: Picture, capsys: pytest.CaptureFixture[str]) -> None:
    async with bridge(broker, settings, picture, None) as made:
        await faults(capsys)
        assert not made.is_connected


async def test_a_broker_that_freezes_in_the_handshake_stalls_nothing(
    broker: Broker, settings: Settings, picture: Picture, pki: Path
) -> None:
    """Broker trouble never touches calls: the loop turns on while the handshake waits."""
    broker.freeze()
    turns = 0
    async with bridge(broker, settings, picture, tls(pki)) as made:
        for _ in range(200):
            await asyncio.sleep(0.005)
            turns += 1
        assert not made.is_connected
        assert turns == 200
        broker.thaw()
        async with asyncio.timeout(30):
            while not made.is_connected:
                await asyncio.sleep(0.02)


def test_a_key_that_others_can_read_is_refused(pki: Path, tmp_path: Path) -> None:
    loose = tmp_path / "loose.key"
    loose.write_bytes((pki / "cti-daemon.key").read_bytes())
    loose.chmod(0o644)
    with pytest.raises(SecretError, match=r"every user of this machine can read"):
        tls_context(MqttTls(ca=str(pki / "site-ca.pem"), certificate=str(pki / "cti-daemon.pem"), key=Secret(file=str(loose))), pki)


def test_a_file_that_is_no_certificate_is_named(pki: Path) -> None:
    with pytest.raises(SecretError, match=r"extension is no certificate of an authority"):
        tls_context(MqttTls(ca="extension"), pki)
    with pytest.raises(SecretError, match=r"no certificate and its unencrypted key"):
        tls_context(MqttTls(ca="site-ca.pem", certificate="broker.pem", key=Secret(file="cti-daemon.key")), pki)


def test_a_certificate_needs_its_key() -> None:
    with pytest.raises(ValueError, match="belong together"):
        MqttTls(ca="ca.pem", certificate="daemon.pem")
