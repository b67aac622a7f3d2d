"""What the lab writes: the repository's own texts, and nothing that would be wrong on a site."""

import re
import tomllib
from xml.etree import ElementTree as ET

import pytest

from lab import broker, carrier, daemon, desk, office, site, sound
from lab.layout import ASTERISKS, EDGE, EMG, HOSTS, HOTLINE, NODES, PBX_A, PBX_B, PHONES, PREFIX, REPOSITORY, Host, Net, Size

SECRETS = site.Secrets("name-0123456789abcdef", "secret-of-cti", "secret-of-lab")
SIZE = Size(3, 2)


@pytest.mark.parametrize("host", NODES, ids=lambda host: host.name)
def test_the_lab_uses_the_dialplan_files_of_the_repository(host: Host) -> None:
    files = site.render(host, SIZE, SECRETS)
    name = "cti-emergency.conf" if host is EMG else "cti-node.conf"
    assert files[name] == (REPOSITORY / "dialplan" / name).read_text()
    assert f'#include "{name}"' in files["extensions.conf"]


def test_manager_conf_is_the_sample_with_another_secret() -> None:
    sample = (REPOSITORY / "config/asterisk/manager.conf.sample").read_text()
    node = site.render(PBX_A, SIZE, SECRETS)["manager.conf"]
    assert node.startswith(sample.replace("CHANGE-ME", SECRETS.cti))
    assert "CHANGE-ME" not in node
    assert "channelvars = CTI_CALL,CTI_NODE,CTI_LEG_EPOCH,CTI_DIALOG\n" in site.render(EDGE, SIZE, SECRETS)["manager.conf"]


def test_the_daemons_account_has_only_the_rights_it_needs() -> None:
    account = (REPOSITORY / "config/asterisk/manager.conf.sample").read_text().partition("[cti]")[2]
    assert re.findall(r"^(read|write) = (.*)$", account, re.MULTILINE) == [
        ("read", "system,call,agent,user"),
        ("write", "call,agent,user,reporting"),
    ]


def test_both_media_servers_have_the_same_seats_and_each_its_own_audio_address() -> None:
    a, b = (site.render(host, SIZE, SECRETS) for host in (PBX_A, PBX_B))
    assert a["queues.conf"] == b["queues.conf"]
    hotline, _, support = a["queues.conf"].partition("[support]\n")
    assert (hotline.count("\nmember => PJSIP/seat"), support.count("\nmember => PJSIP/seat")) == (3, 1)
    assert "strategy = rrmemory\n" in support
    assert f"media_address = {PBX_B.address(Net.SVC)}" in b["pjsip.conf"]
    assert f"media_address = {PBX_A.address(Net.SVC)}" not in b["pjsip.conf"]
    assert "autofill = yes" in a["queues.conf"]


def test_only_the_telephones_go_without_asterisks_own_replaces() -> None:
    loaded = {host.name: "load=res_pjsip_refer.so\n" in site.render(host, SIZE, SECRETS)["modules.conf"] for host in ASTERISKS}
    assert loaded == {"edge1": True, "pbx-a": True, "pbx-b": True, "emg": True, "phones": False}


def test_emergency_seats_are_reachable_only_from_emg() -> None:
    phones = site.render(PHONES, SIZE, SECRETS)["pjsip.conf"]
    registered = re.findall(r"^client_uri = sip:(\w+)@([\d.]+)", phones, re.MULTILINE)
    address = EMG.address(Net.SVC)
    assert {where for seat, where in registered if seat.startswith("eseat")} == {address}
    assert [seat for seat, where in registered if where == address] == ["eseat1", "eseat2"]
    assert len(registered) == 2 * 3 + 2


def test_only_test_calls_read_the_switch_of_a_drill() -> None:
    """ "Real calls are never touched.\""""
    edge = (REPOSITORY / "dialplan/cti-edge.conf").read_text()
    sections = re.split(r"^(?=\[)", re.sub(r"^;.*\n", "", edge, flags=re.MULTILINE), flags=re.MULTILINE)
    assert [section.split("]")[0] for section in sections if "CTI_DRILL" in section] == ["[cti-test"]
    assert [section.split("]")[0] for section in sections if "cti-test" in section.partition("\n")[2]] == []


def test_no_bare_hangup_and_no_gosub_on_the_callers_leg() -> None:
    edge = (REPOSITORY / "dialplan/cti-edge.conf").read_text()
    caller = edge.partition("[cti-trunk]")[2].partition("[cti-header]")[0]
    assert "Gosub(" not in caller
    assert re.findall(r"Hangup\((.*)\)", caller) == ["38"]


def test_features_of_seats_are_set_on_seats_legs_only() -> None:
    """Whoever has DYNAMIC_FEATURES may press: "a caller must not be able to"."""
    for path in sorted((REPOSITORY / "dialplan").glob("*.conf")):
        text = re.sub(r"^;.*\n", "", path.read_text(), flags=re.MULTILINE)
        setters = [part.split("]")[0] for part in re.split(r"^\[", text, flags=re.MULTILINE) if re.search(r"[(,]_*DYNAMIC_FEATURES=", part)]
        assert set(setters) <= {"cti-screen", "cti-replace"}, path.name
        assert "_DYNAMIC_FEATURES=" not in text


def test_nobody_is_put_through_to_an_outside_seat_without_the_key() -> None:
    """ "Accepted by a key press so that voicemail never answers": refused is what holds until the key is there, whatever fails."""
    ask = (REPOSITORY / "dialplan/cti-outside.conf").read_text().partition("[cti-outside-ask]")[2]
    steps = re.findall(r"^(?:exten => s,1| same => n)(\(yes\))?,(.*)$", ask, flags=re.MULTILINE)
    assert steps[0] == ("", "Set(GOSUB_RESULT=CONTINUE)")
    assert [label for label, step in steps if step == "Set(GOSUB_RESULT=)"] == [""]
    assert steps.index(("", "Set(GOSUB_RESULT=)")) > next(n for n, (label, _) in enumerate(steps) if label == "(yes)")
    assert steps[steps.index(("", "Set(GOSUB_RESULT=)")) - 2][1] == "Return()"


def test_every_node_answers_without_waiting_for_audio() -> None:
    for name in ("cti-node.conf", "cti-emergency.conf"):
        text = (REPOSITORY / "dialplan" / name).read_text()
        assert set(re.findall(r"\bAnswer\([^)]*\)", text.partition("[cti-hotline]")[2])) == {"Answer(,i)"}


def test_addresses_and_interface_names_fit() -> None:
    addresses = [host.address(net) for host in HOSTS for net in host.nets]
    assert len(addresses) == len(set(addresses))
    assert all(len(host.port(net)) <= 15 for host in HOSTS for net in host.nets)
    assert all(host.namespace.startswith(PREFIX) for host in ASTERISKS)


def test_only_the_daemon_may_write_state_and_only_a_user_his_own_requests() -> None:
    acl = [line for line in (REPOSITORY / "config/mosquitto/cti.acl").read_text().splitlines() if line and not line.startswith("#")]
    rights: dict[str, list[str]] = {"": []}
    user = ""
    for line in acl:
        if line.startswith("user "):
            user = line.removeprefix("user ")
            rights[user] = []
        else:
            rights[user].append(line)
    writers = {name for name, lines in rights.items() if any(" write " in line or "readwrite" in line for line in lines)}
    assert writers == {"", "cti-daemon"}
    assert [line for line in rights[""] if " write " in line] == ["pattern write cti/v1/+/request/%u/#"]
    assert not any("request" in line and "write" in line for line in rights["cti-daemon"])


def test_the_broker_keeps_no_path_of_a_real_site() -> None:
    text = broker.render((REPOSITORY / "config/mosquitto/mosquitto.conf").read_text())
    assert "set_tcp_nodelay true" in text
    assert [line for line in text.splitlines() if "/etc/" in line and not line.startswith("#")] == []


def test_the_daemons_configuration_names_secrets_by_file() -> None:
    read = tomllib.loads(daemon.render(detection="heartbeat = 0.2"))
    assert [(node["name"], node["role"]) for node in read["node"]] == [
        ("edge1", "edge"),
        ("pbx-a", "primary"),
        ("pbx-b", "standby"),
        ("emg", "emergency"),
    ]
    assert all(set(node["secret"]) == set(node["system_name"]) == {"file"} for node in read["node"])
    assert read["node"][1]["control"] == {"a": "10.10.1.11:5038", "b": "10.10.2.11:5038"}


@pytest.mark.parametrize("audio", carrier.Audio)
def test_every_scenario_is_well_formed_and_hangs_up_after_its_time(audio: carrier.Audio) -> None:
    group = carrier.Group("g", 7, 3, 1.0, 2.5, audio)
    text = carrier.render(group, REPOSITORY).replace('<!DOCTYPE scenario SYSTEM "sipp.dtd">', "")
    root = ET.fromstring(text)  # noqa: S314  # our own text
    wait = root.find("recv[@request='BYE']")
    assert wait is not None
    assert wait.get("timeout") == "2500"
    assert "@" not in re.sub(r"sip:[^\s>]*|@\[", "", "".join(root.itertext()))


def test_groups_share_neither_ports_nor_numbers() -> None:
    groups = [carrier.Group("g", slot, 1, 1, 1, carrier.Audio.FULL) for slot in range(100)]
    for field in ("sip_port", "media_port", "number_prefix"):
        assert len({getattr(group, field) for group in groups}) == 100
    assert max(group.media_port for group in groups) < 65000


def test_mu_law_is_right_at_its_corners() -> None:
    assert [sound.encode(value) for value in (0, -1, 32767, -32768, 1000)] == [0xFF, 0x7F, 0x80, 0x00, 0xCE]


def test_a_second_number_asks_for_the_second_queue() -> None:
    edge = site.render(EDGE, SIZE, SECRETS)["extensions.conf"]
    assert f"exten => {office.SUPPORT_NUMBER},1,Set(__CTI_QUEUE={office.SUPPORT})\n same => n,Goto({HOTLINE},1)\n" in edge
    group = carrier.Group("few", 1, 1, 1, 1, carrier.Audio.NONE, office.SUPPORT_NUMBER)
    assert group.service == office.SUPPORT_NUMBER


def test_desks_are_well_formed_and_reachable_where_sipp_plays_them() -> None:
    scenario = ET.fromstring(desk.render(desk.Habit()))  # noqa: S314  # our own text
    assert [item.get("request") for item in scenario.iter("recv") if item.get("request")] == ["INVITE", "ACK", "BYE"]
    node = site.render(PBX_A, SIZE, SECRETS)["pjsip.conf"]
    assert f"contact = sip:{office.DESKS[0]}@{PHONES.address(Net.SVC)}:{office.DESK_PORT}\n" in node


def test_what_a_plan_or_a_caller_says_is_filtered_before_a_dialplan_uses_it() -> None:
    """ "Caller-controlled text never reaches a dialplan expression unfiltered"."""
    for name, variables in (
        ("cti-edge.conf", "CTI_ANNOUNCE|CTI_ETA|CTI_SLOT|CTI_PATH_CALL"),
        ("cti-node.conf", "CTI_GIVEN|CALLERID\\(num\\)"),
    ):
        text = re.sub(r"^\s*;.*\n", "", (REPOSITORY / "dialplan" / name).read_text(), flags=re.MULTILINE)
        for line in (line for line in text.splitlines() if re.search(rf"\$\{{(?:{variables})\}}", line)):
            bare = re.sub(rf"(?:FILTER\([^,]*,|LEN\()\$\{{(?:{variables})\}}", "", line)
            is_digits = "CTI_GIVEN" in bare and "Set(CTI_GIVEN=${FILTER(0-9," in text.partition(line)[0].rpartition("Read(CTI_GIVEN")[2]
            assert is_digits or not re.search(rf"\$\{{(?:{variables})\}}", bare), (name, line)


def test_an_edge_that_announces_nothing_takes_no_step_more_and_one_that_does_ends_at_the_route() -> None:
    edge = (REPOSITORY / "dialplan/cti-edge.conf").read_text()
    assert "Goto(${IF($[${LEN(${CTI_ANNOUNCE})} > 0]?cti-announce:cti-route)},s,1)" in edge
    announce = edge.partition("[cti-announce]")[2].partition("[cti-path]")[0]
    assert "Hangup" not in announce
    assert announce.count("cti-route,s,1") == 4
