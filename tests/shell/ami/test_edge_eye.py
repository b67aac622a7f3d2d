"""The edge's word (7-asterisk.md §3b): asked, and heard only by a round trip that changed."""

import asyncio
from collections.abc import Callable

from cti_daemon.model.effects import SampleAudio
from cti_daemon.model.events import AudioSampled, EdgeSaw
from cti_daemon.model.ids import ChannelName, NodeName, Uniqueid
from cti_daemon.model.settings import Settings
from cti_daemon.shell.ami.audio_ear import AudioEar
from cti_daemon.shell.ami.edge_eye import EdgeEye
from tests.shell.ami.conftest import Watched
from tests.shell.ami.fake_node import FakeNode, FakeSession

NODE = NodeName("pbx-a")


class Contacts:
    """The edge's contacts for pbx-a: `answers` says after which qualify the round trip of a path changes; 0 never."""

    def __init__(self, fake: FakeNode, settings: Settings, answers: dict[str, int]) -> None:
        self.qualifies = 0
        self._fake, self._answers = fake, answers
        sip = next(n for n in settings.node if n.name == "pbx-a").sip
        fake.variables |= {
            "PJSIP_AOR(pbx-a,contact)": "pbx-a@@1111,pbx-a@@2222",
            "PJSIP_CONTACT(pbx-a@@1111,uri)": f"sip:{sip.b}",
            "PJSIP_CONTACT(pbx-a@@2222,uri)": f"sip:{sip.a}",
            "PJSIP_CONTACT(pbx-a@@1111,rtt)": "180",
            "PJSIP_CONTACT(pbx-a@@2222,rtt)": "190",
        }
        fake.handlers["PJSIPQualify"] = self._qualify

    async def _qualify(self, session: FakeSession, action: dict[str, str]) -> None:
        assert action["Endpoint"] == "pbx-a"
        self.qualifies += 1
        session.reply(action, "Success", "Message: Endpoint found, will qualify")
        for path, contact in (("b", "pbx-a@@1111"), ("a", "pbx-a@@2222")):
            variable = f"PJSIP_CONTACT({contact},rtt)"
            if self._answers[path] == self.qualifies:
                self._fake.variables[variable] = "201"
            elif self._answers[path] == 0:
                self._fake.variables[variable] = "N/A"


Watch = Callable[..., Watched]


async def look(fake: FakeNode, settings: Settings, watch: Watch, answers: dict[str, int]) -> tuple[list[EdgeSaw], Contacts]:
    contacts = Contacts(fake, settings, answers)
    watched = watch()
    await watched.until_both_up()
    seen: list[EdgeSaw] = []
    await EdgeEye(watched.links, settings, seen.append).ask(NODE)
    return seen, contacts


async def test_a_living_node_is_heard_on_both_paths(fake: FakeNode, settings: Settings, watch: Watch) -> None:
    seen, _ = await look(fake, settings, watch, {"a": 1, "b": 1})
    assert {(e.node, e.path, e.heard) for e in seen} == {(NODE, "a", True), (NODE, "b", True)}


async def test_a_dead_path_is_unheard_and_the_other_is_not(fake: FakeNode, settings: Settings, watch: Watch) -> None:
    """A contact that turns to N/A has changed as well: only a number is a round trip."""
    seen, contacts = await look(fake, settings, watch, {"a": 0, "b": 1})
    assert {(e.path, e.heard) for e in seen} == {("b", True), ("a", False)}
    assert contacts.qualifies >= 2


async def test_a_round_trip_of_the_same_length_is_asked_for_twice(
    fake: FakeNode, settings: Settings, watch: Callable[..., Watched]
) -> None:
    seen, _ = await look(fake, settings, watch, {"a": 2, "b": 2})
    assert [e.heard for e in seen][-2:] == [True, True]
    assert {e.path for e in seen if e.heard} == {"a", "b"}


async def test_an_edge_that_does_not_answer_says_nothing(fake: FakeNode, settings: Settings, watch: Watch) -> None:
    contacts = Contacts(fake, settings, {"a": 1, "b": 1})

    async def swallow(_session: FakeSession, _action: dict[str, str]) -> None:
        return

    fake.handlers["PJSIPQualify"] = swallow
    watched = watch()
    await watched.until_both_up()
    seen: list[EdgeSaw] = []
    await EdgeEye(watched.links, settings, seen.append).ask(NODE)
    assert seen == []
    assert contacts.qualifies == 0


async def test_one_question_at_a_time_per_node(fake: FakeNode, settings: Settings, watch: Watch) -> None:
    contacts = Contacts(fake, settings, {"a": 1, "b": 1})
    watched = watch()
    await watched.until_both_up()
    seen: list[EdgeSaw] = []
    eye = EdgeEye(watched.links, settings, seen.append)
    await asyncio.gather(*(eye.ask(NODE) for _ in range(5)))
    assert contacts.qualifies == 1
    assert len(seen) == 2


async def test_audio_is_read_on_the_bridge_peer_twice(fake: FakeNode, watch: Watch) -> None:
    """The packets of the node arrive on the edge's outgoing leg, not on the caller's."""
    counts = {"PJSIP/pbx-a-1": iter(["100", "104"]), "PJSIP/pbx-a-2": iter(["50", "50"])}
    peers = {"PJSIP/carrier-1": "PJSIP/pbx-a-1", "PJSIP/carrier-2": "PJSIP/pbx-a-2", "PJSIP/carrier-3": ""}

    async def getvar(session: FakeSession, action: dict[str, str]) -> None:
        channel = action.get("Channel", "")
        if action["Variable"] == "BRIDGEPEER" and channel in peers:
            session.reply(action, "Success", "Variable: BRIDGEPEER", f"Value: {peers[channel]}")
        elif channel in counts:
            session.reply(action, "Success", "Variable: x", f"Value: {next(counts[channel])}")
        else:
            session.reply(action, "Error", "Message: No such channel")

    watched = watch()
    await watched.until_both_up()
    fake.handlers["Getvar"] = getvar
    got: list[AudioSampled] = []
    legs = tuple((Uniqueid(f"u{i}"), ChannelName(f"PJSIP/carrier-{i}")) for i in range(1, 5))
    await AudioEar(watched.links, got.append).sample(SampleAudio(NodeName("edge1"), NODE, legs))
    assert got == [AudioSampled(NodeName("edge1"), NODE, frozenset({Uniqueid("u1")}), frozenset({Uniqueid("u2")}))]
