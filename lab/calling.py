"""People who are called by the daemon: their telephones, the emergency system that may call them, and the socket of its AGI script.

Telephones: 8001 says yes, 8002 no, 8003 is a mailbox, 8004 is busy, 8005 rings and rings."""

from __future__ import annotations

import os
import sys

from lab import process, secret, sound
from lab.layout import EMG, PHONES, REPOSITORY, RUN, SIP_PORT, Host, Net

AGI_PORT = 4573
_AGI = "agi"
SOUNDS = ("notice", "standby", "come", "inform", "drill", "thanks")

_PEOPLE = """exten => 8001,1,Answer(,i)
 same => n,Wait(2)
 same => n,SendDTMF(1)
 same => n,Wait(20)
exten => 8002,1,Answer(,i)
 same => n,Wait(2)
 same => n,SendDTMF(2)
 same => n,Wait(20)
exten => 8003,1,Answer(,i)
 same => n,Playback(cti-sorry)
 same => n,Echo()
exten => 8004,1,Busy(5)
exten => 8005,1,Ringing()
 same => n,Wait(120)

"""


def with_call_out(host: Host, files: dict[str, str]) -> dict[str, str]:
    """The emergency system may call people, who have telephones."""
    if host is PHONES:
        modules = files["modules.conf"] + "load=app_senddtmf.so\n"
        return files | {
            "modules.conf": modules,
            "extensions.conf": files["extensions.conf"].replace("[phones]\n", "[phones]\n" + _PEOPLE, 1),
        }
    if host is not EMG:
        return files
    account = files["manager.conf"].split("[cti]", 1)[1].split("eventfilter", 1)[0]
    permits = "".join(f"{line}\n" for line in account.splitlines() if line.startswith(("deny", "permit")))
    rights = "read = user\nwrite = originate,reporting,user\nwritetimeout = 5000\n"
    contact = f"sip:{PHONES.address(Net.SVC)}:{SIP_PORT}"
    trunk = "[people]\ntype=endpoint\ndisallow=all\nallow=ulaw\ncontext=none\ndtmf_mode=rfc4733\naors=people\n"
    trunk += f"[people]\ntype=aor\ncontact={contact}\n"
    own = "CTI_CALLOUT_TRUNK = people\nCTI_CALLOUT_ID = 95598\nCTI_CALLOUT_AGI = agi://127.0.0.1:4573/confirm\n"
    return files | {
        "modules.conf": files["modules.conf"] + "load=res_speech.so\nload=res_agi.so\n",
        "manager.conf": f"{files['manager.conf']}\n[cti-call]\nsecret = {secret.read('ami-call')}\n{permits}{rights}",
        "pjsip.conf": files["pjsip.conf"] + trunk,
        "extensions.conf": files["extensions.conf"].replace("[globals]\n", f"[globals]\n{own}", 1) + '#include "cti-callout.conf"\n',
        "cti-callout.conf": (REPOSITORY / "dialplan/cti-callout.conf").read_text(),
    }


def daemon_tables(*people: tuple[str, str, str], sink_port: int) -> str:
    """Return the daemon's tables: name, role and number of each contact. Everybody has a webhook too."""
    url = secret.path("hook-url")
    url.touch(mode=0o600)
    url.write_text(f"json://127.0.0.1:{sink_port}/hook/{{to}}\n")
    head = f"""
[people]
attempt_deadline = 60
test_every_days = 0
[call_out]
node = "emg"
username = "cti-call"
secret = {{ file = "{secret.path("ami-call")}" }}
ring_seconds = 5
answer_seconds = 30
[[gateway]]
name = "hook"
url = {{ file = "{url}" }}
"""
    return head + "".join(
        f"""[[contact]]
name = "{name}"
roles = ["{role}"]
phone = "{number}"
channels = [{{ via = "voice" }}, {{ via = "hook", to = "{name}" }}]
"""
        for name, role, number in people
    )


def start() -> None:
    """Write the sounds, and have the script answer in the emergency system's own namespace."""
    for name in SOUNDS:
        (RUN / f"data/sounds/en/cti-call-{name}.ulaw").write_bytes(sound.tone(1.0, 660))
    words = [sys.executable, "-m", "lab.calling"]
    process.start(_AGI, EMG, words, log=RUN / "agi.log", environment={**os.environ, "PYTHONPATH": str(REPOSITORY)})


def stop() -> None:
    """End it."""
    process.stop(_AGI)


def _serve() -> None:
    """As systemd does for cti-confirm.socket: one process a connection, which is its standard input and output."""
    import socket  # noqa: PLC0415 - only this process
    import subprocess  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", AGI_PORT)) as door:
        while True:
            guest, _ = door.accept()
            with guest:
                subprocess.Popen([sys.executable, "-m", "cti_daemon.shell.agi_confirm"], stdin=guest.fileno(), stdout=guest.fileno())


if __name__ == "__main__":
    _serve()
