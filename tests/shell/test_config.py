"""4-interfaces: "every error at once, with file, line, key, and what would be right"; a secret never stands in the file."""

import os
import tempfile
from pathlib import Path

import pytest

from cti_daemon.shell import config
from tests.shell.conftest import SAMPLE

# The example of 4-interfaces.md as it stands there, with the keys since added (`system_name`) and the nodes it needs around it.
EXAMPLE_HEAD = """\
[site]
name = "95598"

[[node]]
name     = "pbx-a"
role     = "primary"                    # edge | primary | standby | emergency
control  = { a = "10.10.1.11:5038", b = "10.10.2.11:5038" }
sip      = { a = "10.10.1.11:5060", b = "10.10.2.11:5060" }
username = "cti"
secret   = { credential = "ami-pbx-a" } # or { file = "…" }; never a literal in the file
system_name = { file = "name" }
"""
EXAMPLE_TAIL = """
[detection]                             # seconds; defaults are the promises' settings
heartbeat = 0.2
[failover]
failback = "command"                    # command | auto
hold_down = 600
[[queue]]
name = "hotline"
service_level_seconds = 15
[mqtt]
host = "127.0.0.1"
[http]
listen = "127.0.0.1:9595"
[journal]
path = "/var/lib/cti-daemon/journal.sqlite"
"""


def node(name: str, role: str, octet: int) -> str:
    return f"""
[[node]]
name = "{name}"
role = "{role}"
control = {{ a = "10.10.1.{octet}:5038", b = "10.10.2.{octet}:5038" }}
sip = {{ a = "10.10.1.{octet}:5060", b = "10.10.2.{octet}:5060" }}
username = "cti"
secret = {{ file = "password" }}
system_name = {{ file = "name" }}
"""


EXAMPLE = EXAMPLE_HEAD + node("edge1", "edge", 10) + node("pbx-b", "standby", 12) + EXAMPLE_TAIL


@pytest.fixture
def file(tmp_path: Path) -> Path:
    for name, text in (("password", "geheim\n"), ("name", "pbx-0123456789abcdef\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    return tmp_path / "site.toml"


def faults(file: Path, text: str, *, offline: bool = True) -> list[str]:
    file.write_text(text)
    with pytest.raises(config.ConfigError) as caught:
        config.load(file, offline=offline)
    return [str(f).removeprefix(f"{file}") for f in caught.value.faults]


def test_the_example_of_the_interfaces_loads(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(EXAMPLE)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(file.parent))
    (file.parent / "ami-pbx-a").write_text("von-systemd")
    (file.parent / "ami-pbx-a").chmod(0o400)
    loaded = config.load(file)
    assert loaded.secrets.of("pbx-a").password == "von-systemd"
    assert loaded.secrets.of("edge1").password == "geheim"
    assert loaded.secrets.of("edge1").system_name == "pbx-0123456789abcdef"
    assert loaded.secrets.mqtt_password is None
    assert "geheim" not in repr(loaded)


def test_the_sample_loads_offline() -> None:
    loaded = config.load(SAMPLE, offline=True)
    assert [n.name for n in loaded.settings.node] == ["edge1", "pbx-a", "pbx-b", "emg"]


def test_every_fault_is_told_at_once_with_its_line_and_what_would_be_right(file: Path) -> None:
    text = EXAMPLE.replace('role     = "primary"', 'role     = "prime"').replace("heartbeat = 0.2", 'heartbeat = "soon"')
    text = text.replace("hold_down = 600", "hold_dwn = 600").replace('"127.0.0.1:9595"', '"9595"').replace('name = "95598"', "")
    told = faults(file, text)
    lines = text.splitlines()

    def line_of(start: str) -> int:
        return next(i for i, line in enumerate(lines, 1) if line.startswith(start))

    assert told == [
        ':1: site.name: is missing; add name = "…"',
        f":{line_of('role     =')}: node[1].role: must be one of 'edge', 'primary', 'standby' or 'emergency'; found 'prime'",
        f":{line_of('heartbeat')}: detection.heartbeat: must be a number; found 'soon'",
        (
            f":{line_of('hold_dwn')}: failover.hold_dwn: is no key of this table; did you mean hold_down? "
            "it may have failback, hold_down, seats_out, seats_out_after, stagger"
        ),
        f":{line_of('listen')}: http.listen: must be host:port, such as 10.10.1.11:5038; found '9595'",
    ]


def test_a_literal_secret_is_refused_with_the_right_way_and_is_not_repeated(file: Path) -> None:
    told = faults(file, EXAMPLE.replace('{ credential = "ami-pbx-a" }', '"hunter2"'))
    assert len(told) == 1
    assert told[0].startswith(":10: node[1].secret: a secret must not stand in this file")
    assert '{ file = "…" }' in told[0]
    assert "hunter2" not in told[0]


@pytest.mark.parametrize("value", ['{ value = "hunter2" }', '{ file = "a", credential = "hunter2" }', '["hunter2"]'])
def test_a_secret_given_in_another_wrong_way_is_not_repeated_either(file: Path, value: str) -> None:
    told = faults(file, EXAMPLE.replace('{ credential = "ami-pbx-a" }', value))
    assert told
    assert all(t.startswith(":10: node[1].secret") for t in told)
    assert "hunter2" not in "".join(told)


def test_a_rule_over_two_keys_names_the_line_of_one(file: Path) -> None:
    text = EXAMPLE.replace("heartbeat = 0.2", "heartbeat = 0.2\nsuspect_after = 0.21")
    line = next(i for i, t in enumerate(text.splitlines(), 1) if t.startswith("suspect_after"))
    why = "suspect_after = 0.21 would suspect a healthy node between two heartbeats; it must be at least 1.25 x heartbeat = 0.25"
    assert faults(file, text) == [f":{line}: detection.suspect_after: {why}"]


def test_an_address_used_twice_is_told_on_its_line(file: Path) -> None:
    text = EXAMPLE.replace("10.10.1.12:5038", "10.10.1.11:5038")
    told = faults(file, text)
    assert len(told) == 1
    line = int(told[0].split(":")[1])
    assert "10.10.1.11:5038" in text.splitlines()[line - 1]
    assert "given for both pbx-a.a and pbx-b.a" in told[0]


def test_a_missing_standby_and_a_double_name_are_both_told(file: Path) -> None:
    told = faults(file, EXAMPLE.replace('"standby"', '"edge"').replace('"pbx-b"', '"edge1"'))
    assert any("'edge1' is used twice" in t for t in told)
    assert any("0 nodes have role = 'standby'; there must be 1" in t for t in told)


def test_callbacks_without_a_register_and_a_mistyped_key_of_it_are_told(file: Path) -> None:
    (told,) = faults(file, EXAMPLE + '\n[callback]\ndial = "PJSIP/{number}@carrier"\n')
    assert "callback needs [register]: without it nobody knows whom to call" in told
    (told,) = faults(file, EXAMPLE + '\n[register]\nkeys = { file = "k" }\nkeep_day = 3\n')
    assert "register.keep_day: is no key of this table; did you mean keep_days?" in told
    (told,) = faults(file, EXAMPLE + '\n[register]\nkeys = "k1 AAAA"\n')
    assert "a secret must not stand in this file" in told
    (told,) = faults(file, EXAMPLE + '\n[register]\nkeys = { file = "k" }\n[callback]\ndial = "PJSIP/carrier"\n')
    assert "callback.dial" in told


@pytest.mark.parametrize(("wrong", "why"), [("10.10.1.11:70000", "port 70000"), ("10.10.1.300:5038", "not an IPv4 address")])
def test_an_impossible_address_is_told(file: Path, wrong: str, why: str) -> None:
    told = faults(file, EXAMPLE.replace("10.10.1.11:5038", wrong))
    assert len(told) == 1
    assert told[0].startswith(":7: node[1].control.a: ")
    assert why in told[0]


def test_broken_toml_is_told_with_its_line(file: Path) -> None:
    assert faults(file, "[site]\nname = \n")[0].startswith(":2: is not TOML here: ")
    file.write_bytes(b"[site]\nname = '\xff'\n")
    with pytest.raises(config.ConfigError, match=":2: is not UTF-8"):
        config.load(file)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError, match="there is no such file"):
        config.load(tmp_path / "none.toml")


def with_file_secret(text: str) -> str:
    return text.replace('{ credential = "ami-pbx-a" }', '{ file = "own" }')


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [
        (b"x", 0o644, "every user of this machine can read or change it; chmod 600"),
        (b"", 0o600, "is empty"),
        (b"one\ntwo\n", 0o600, "holds more than one line"),
        (b"\xff\xfe", 0o600, "is not UTF-8"),
        (b"x" * 5000, 0o600, "is longer than 4096 bytes"),
    ],
)
def test_an_unfit_secret_file_is_refused_with_its_line(file: Path, content: bytes, mode: int, why: str) -> None:
    own = file.parent / "own"
    own.write_bytes(content)
    own.chmod(mode)
    told = faults(file, with_file_secret(EXAMPLE), offline=False)
    assert len(told) == 1
    assert told[0].startswith(":10: node[1].secret: ")
    assert why in told[0]


def test_a_missing_secret_is_told_and_not_read_offline(file: Path) -> None:
    assert "does not exist" in faults(file, with_file_secret(EXAMPLE), offline=False)[0]
    assert config.load(file, offline=True).secrets.nodes == {}


def test_a_fifo_or_folder_as_secret_does_not_block_the_start(file: Path) -> None:
    os.mkfifo(file.parent / "own", 0o600)
    assert "not a regular file" in faults(file, with_file_secret(EXAMPLE), offline=False)[0]


@pytest.mark.root
def test_a_secret_the_daemon_may_not_read_is_told() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        site = Path(folder) / "site.toml"
        site.write_text(EXAMPLE)
        for name in ("name", "password"):
            (Path(folder) / name).write_text("x")
            (Path(folder) / name).chmod(0o600)
        pid = os.fork()
        if pid == 0:
            os.setuid(65534)
            try:
                config.load(site)
            except config.ConfigError as error:
                os._exit(0 if str(error).count("may not be read by user id 65534") == 5 else 2)
            os._exit(3)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_credential_without_systemd_says_how(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert "LoadCredential=ami-pbx-a" in faults(file, EXAMPLE, offline=False)[0]
