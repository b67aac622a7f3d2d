"""Service (issue 5): "tried as a new user would: … `cti-daemon init` a config for two nodes, `doctor`, run"."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cti_daemon.shell import config
from cti_daemon.shell.cli import app

NODES = ["--edge", "edge1=10.10.1.10,10.10.2.10", "--primary", "pbx-a=10.10.1.11,10.10.2.11", "--standby", "pbx-b=10.10.1.12,10.10.2.12"]


def init(folder: Path, *words: str) -> Result:
    places = ["--config", str(folder / "etc/cti-daemon.toml"), "--credentials", str(folder / "credstore")]
    return CliRunner().invoke(app, ["init", "95598", *words, *places])


def test_what_it_writes_is_a_whole_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = init(
        tmp_path, *NODES, "--emergency", "emg=10.10.1.13,10.10.2.13", "--queue", "hotline", "--queue", "support", "--engineer", "alice"
    )
    assert done.exit_code == 0, done.output
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credstore"))
    loaded = config.load(tmp_path / "etc/cti-daemon.toml")
    assert [(node.name, node.role.value, node.sip.b) for node in loaded.settings.node] == [
        ("edge1", "edge", "10.10.2.10:5060"),
        ("pbx-a", "primary", "10.10.2.11:5060"),
        ("pbx-b", "standby", "10.10.2.12:5060"),
        ("emg", "emergency", "10.10.2.13:5060"),
    ]
    assert [queue.name for queue in loaded.settings.queue] == ["hotline", "support"]
    assert loaded.settings.mqtt is None
    assert {loaded.secrets.of("pbx-a").password, loaded.secrets.of("pbx-b").password} != {""}
    assert loaded.secrets.of("pbx-a").system_name.startswith("pbx-a-")
    assert "CTI_ROUTE_DEFAULT = pbx-a,pbx-b,emg" in done.stdout
    assert "CTI_ADDR_pbx-b_b = 10.10.2.12:5060" in done.stdout


def test_nobody_else_can_read_the_secrets_and_none_is_shown(tmp_path: Path) -> None:
    done = init(tmp_path, *NODES)
    for file in (tmp_path / "credstore").iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.read_text(encoding="ascii").strip() not in done.output
    assert (tmp_path / "etc/cti-daemon.toml").stat().st_mode & 0o777 == 0o640


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    init(tmp_path, *NODES)
    secret = (tmp_path / "credstore/ami-pbx-a").read_text(encoding="ascii")
    (tmp_path / "credstore/ami-pbx-b").unlink()
    again = init(tmp_path, *NODES)
    assert (again.exit_code, "is there already" in again.output) == (78, True)
    (tmp_path / "etc/cti-daemon.toml").unlink()
    assert "ami-pbx-b drawn by lot" in init(tmp_path, *NODES).stdout
    assert (tmp_path / "credstore/ami-pbx-a").read_text(encoding="ascii") == secret


def test_what_would_be_refused_at_the_start_is_refused_now(tmp_path: Path) -> None:
    done = init(tmp_path, "--edge", "edge1=10.10.1.10,10.10.2.10", "--primary", "pbx a=300.1.1.1,10.10.2.11", "--standby", NODES[-1])
    assert done.exit_code == 78
    assert "nothing was written" in done.output
    assert "name" in done.output
    assert not (tmp_path / "etc/cti-daemon.toml").exists()
    assert not (tmp_path / "credstore").exists()


@pytest.mark.parametrize("text", ["pbx-a", "pbx-a=10.1.1.1", "=10.1.1.1,10.2.1.1", "pbx-a=10.1.1.1,10.2.1.1,10.3.1.1", "pbx-a=,"])
def test_an_address_of_another_shape_says_the_right_one(tmp_path: Path, text: str) -> None:
    done = init(tmp_path, *NODES[:2], "--primary", text, *NODES[4:])
    assert done.exit_code == 2
    assert "pbx-a=10.10.1.11,10.10.2.11" in " ".join(done.output.split())
