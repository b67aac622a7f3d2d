"""What agents press while they talk: a code of the media servers' own, laid over the plain site."""

from __future__ import annotations

import time

from lab import sound
from lab.ami import Ami
from lab.layout import PHONES, REPOSITORY, RUN, Host

FAULT_CODE = "*77"
NOTED = "lab-noted"
_KEY_SECONDS = 0.25
"""From one key to the next."""


def write_sounds() -> None:
    """Make what an agent hears when the code is taken down."""
    (RUN / f"data/sounds/en/{NOTED}.ulaw").write_bytes(sound.tone(0.3, 990))


def with_fault_code(host: Host, files: dict[str, str]) -> dict[str, str]:
    """Seats may mark a call by FAULT_CODE; telephones can press keys."""
    if host is PHONES:
        return files | {"modules.conf": files["modules.conf"] + "load=app_senddtmf.so\n"}
    if "cti-screen" not in "".join(files.values()):
        return files
    own = f"CTI_SEAT_FEATURES = cti-fault\nCTI_FAULT_SOUND = {NOTED}\n"
    plan = files["extensions.conf"].replace("[globals]\n", f"[globals]\n{own}", 1) + '#include "cti-fault.conf"\n'
    features = f"{files['features.conf']}\n[applicationmap]\ncti-fault => {FAULT_CODE},self,Gosub(cti-fault,s,1)\n"
    text = (REPOSITORY / "dialplan/cti-fault.conf").read_text()
    return files | {"extensions.conf": plan, "features.conf": features, "cti-fault.conf": text}


def press(seat: str, keys: str) -> None:
    """Have a seat's telephone send these keys in its call."""
    with Ami(PHONES) as phones:
        channel = phones.get(f"LINE_{seat}")
        for key in keys:
            phones.do("PlayDTMF", Channel=channel, Digit=key, Duration="100")
            time.sleep(_KEY_SECONDS)
