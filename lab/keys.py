"""What people press: agents a code while they talk, outside seats the key that takes a caller. Laid over the plain site.

Outside seats: `box` is a mailbox, `cold` presses another key, `home` presses 1."""

from __future__ import annotations

import time
from collections.abc import Sequence

from lab import carrier, process, sound
from lab.ami import Ami
from lab.carrier import Group
from lab.layout import CARRIER, EDGE, EMG, HOTLINE, PHONES, REPOSITORY, RUN, RUN_INSIDE, SIP_PORT, Host, Net
from lab.telephone import line_of

FAULT_CODE = "*77"
NOTED = "lab-noted"
OUTSIDE = {"box": "8103", "cold": "8102", "home": "8101"}
"""Outside seats and their numbers, in the order in which the queue offers."""
_KEY_SECONDS = 0.25
"""From one key to the next."""


def write_sounds() -> None:
    """Make what an agent hears when the code is taken down."""
    for name, seconds in ((NOTED, 0.3), ("cti-outside-offer", 1.0), ("cti-survey", 1.0), ("cti-survey-thanks", 0.3)):
        (RUN / f"data/sounds/en/{name}.ulaw").write_bytes(sound.tone(seconds, 990))


def with_fault_code(host: Host, files: dict[str, str]) -> dict[str, str]:
    """Seats may mark a call by FAULT_CODE; telephones can press keys."""
    if host is PHONES:
        return files | {"modules.conf": files["modules.conf"] + "load=app_senddtmf.so\n"}
    if host is EDGE:
        return files
    own = f"CTI_SEAT_FEATURES = cti-fault\nCTI_FAULT_SOUND = {NOTED}\n"
    plan = files["extensions.conf"].replace("[globals]\n", f"[globals]\n{own}", 1) + '#include "cti-fault.conf"\n'
    features = f"{files['features.conf']}\n[applicationmap]\ncti-fault => {FAULT_CODE},self,Gosub(cti-fault,s,1)\n"
    text = (REPOSITORY / "dialplan/cti-fault.conf").read_text()
    return files | {"extensions.conf": plan, "features.conf": features, "cti-fault.conf": text}


_PEOPLE = """exten => 8101,1,Answer(,i)
 same => n,Wait(1.5)
 same => n,SendDTMF(1)
 same => n,Echo()
exten => 8102,1,Answer(,i)
 same => n,Wait(1.5)
 same => n,SendDTMF(9)
 same => n,Echo()
exten => 8103,1,Answer(,i)
 same => n,Playback(cti-sorry)
 same => n,Echo()

"""


def with_outside_seats(host: Host, files: dict[str, str]) -> dict[str, str]:
    """The emergency seats are outside numbers, and nothing else."""
    if host is PHONES:
        return files | {"extensions.conf": files["extensions.conf"].replace("[phones]\n", f"[phones]\n{_PEOPLE}", 1)}
    if host is not EMG:
        return files
    own = f"CTI_OUTSIDE_TRUNK = outside\nCTI_OUTSIDE_ID = {HOTLINE}\nCTI_OUTSIDE_RING = 10\nCTI_OUTSIDE_SECONDS = 1\n"
    own += "".join(f"CTI_OUTSIDE_{seat} = {number}\n" for seat, number in OUTSIDE.items())
    trunk = "[outside]\ntype=endpoint\ndisallow=all\nallow=ulaw\ncontext=none\naors=outside\n[outside]\ntype=aor\n"
    trunk += f"contact=sip:{PHONES.address(Net.SVC)}:{SIP_PORT}\n"
    queues = "".join(line for line in files["queues.conf"].splitlines(keepends=True) if not line.startswith("member"))
    queues = queues.replace("timeout = 15\n", "timeout = 25\n").replace("strategy = rrmemory\n", "strategy = linear\n")
    return files | {
        "modules.conf": files["modules.conf"] + "load=app_read.so\n",
        "pjsip.conf": files["pjsip.conf"] + trunk,
        "queues.conf": queues + "".join(f"member => Local/{seat}@cti-outside/n,0,{seat},Local/{seat}@cti-outside\n" for seat in OUTSIDE),
        "extensions.conf": files["extensions.conf"].replace("[globals]\n", f"[globals]\n{own}", 1) + '#include "cti-outside.conf"\n',
        "cti-outside.conf": (REPOSITORY / "dialplan/cti-outside.conf").read_text(),
    }


def with_survey(host: Host, files: dict[str, str]) -> dict[str, str]:
    """Callers are asked for a grade when their agent has hung up."""
    if host in {EDGE, PHONES}:
        return files
    own = "CTI_SURVEY = yes\nCTI_SURVEY_SECONDS = 3\n"
    modules = files["modules.conf"]
    return files | {
        "modules.conf": modules if "app_read" in modules else f"{modules}load=app_read.so\n",
        "extensions.conf": files["extensions.conf"].replace("[globals]\n", f"[globals]\n{own}", 1) + '#include "cti-survey.conf"\n',
        "cti-survey.conf": (REPOSITORY / "dialplan/cti-survey.conf").read_text(),
    }


def with_recording(host: Host, files: dict[str, str]) -> dict[str, str]:
    """Each conversation of a caller with a seat is recorded, on the server where it is."""
    if host in {EDGE, PHONES}:
        return files
    own = f"CTI_RECORD = cti-record\nCTI_RECORD_FOLDER = {RUN_INSIDE}/{host.name}/spool\nCTI_RECORD_FORMAT = wav\n"
    return files | {
        "extensions.conf": files["extensions.conf"].replace("[globals]\n", f"[globals]\n{own}", 1) + '#include "cti-record.conf"\n',
        "cti-record.conf": (REPOSITORY / "dialplan/cti-record.conf").read_text(),
    }


def press(seats: Sequence[str], keys: str) -> None:
    """Have the telephones of these seats send the keys in their calls, all at the same time."""
    with Ami(PHONES) as phones:
        lines = [line_of(phones, seat) for seat in seats]
        for key in keys:
            for line in lines:
                phones.do("PlayDTMF", Channel=line, Digit=key, Duration="100")
            time.sleep(_KEY_SECONDS)


def hang_up(seats: Sequence[str]) -> None:
    """Have the telephones of these seats put the receiver down; some may have done so."""
    with Ami(PHONES) as phones:
        for seat in seats:
            phones.ask("Hangup", Channel=line_of(phones, seat))


def call(group: Group, keys: tuple[tuple[float, str], ...]) -> None:
    """Place the group's calls; each caller presses these keys, so many seconds after the answer or the keys before."""
    said, ending = carrier.render(group, carrier.FOLDER).split('<recv request="BYE"', 1)
    offer = "RTP/AVP 0 96\na=rtpmap:96 telephone-event/8000\na=fmtp:96 0-15"  # the number that sipp gives its keys
    steps = "".join(
        f'<pause milliseconds="{seconds * 1000:.0f}"/>\n<nop><action><exec play_dtmf="{key}"/></action></nop>\n' for seconds, key in keys
    )
    scenario = carrier.FOLDER / f"{group.name}.xml"
    carrier.FOLDER.mkdir(parents=True, exist_ok=True)
    scenario.write_text(said.replace("RTP/AVP 0", offer) + steps + '<recv request="BYE"' + ending)
    words = ["sipp", "-sf", str(scenario), "-s", group.service, "-i", CARRIER.address(Net.SVC), "-p", str(group.sip_port)]
    words += ["-mp", str(group.media_port), "-m", str(group.calls), "-r", f"{group.rate:g}", "-aa", "-nostdin"]
    words += ["-trace_err", "-error_file", str(carrier.FOLDER / f"{group.name}.err"), f"{EDGE.address(Net.SVC)}:{SIP_PORT}"]
    process.start(f"sipp-{group.name}", CARRIER, words, log=carrier.FOLDER / f"{group.name}.log")
