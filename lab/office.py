"""What seats do beside answering the hotline: a second queue that shares seats, transfers by keys, parking, and telephones that
can hold and transfer by themselves. Text of the media servers' configuration, laid over the plain one of `lab.site`."""

from __future__ import annotations

from lab.layout import PHONES, Net, Size

SUPPORT = "support"
SUPPORT_NUMBER = "95599"
"""The carrier's second number; its callers ask for the queue `support`."""
TEST_NUMBER = "955980"
"""The carrier's number for test calls."""
SUPPORT_SECONDS = 8
"""A caller who was transferred to support gives up waiting after this."""
DESKS = ("desk1", "desk2", "desk3", "desk4")
"""Telephones played by `lab.desk`, in no queue until they log in."""
DESK_PORT = 5090
TO_HOTLINE, TO_SUPPORT = "8100", "8200"
"""What a seat dials to give a caller to a queue."""
DESK_CONTEXT = "lab-desk"
PARK = "700"
KEY_TONES = ("pbx-transfer", "pbx-invalid", "pbx-parkingfailed", "pbx-invalidpark", "beep", "beeperr")
"""What Asterisk plays to a seat that uses keys; sound files."""

GLOBALS = f"TRANSFER_CONTEXT = {DESK_CONTEXT}\n"
TRANSFER_BY_KEYS = "t"
"""Value of the global CTI_FEATURES that lets seats transfer by keys. Not set from the start: Asterisk then looks into every packet."""

FEATURES = "[general]\ntransferdigittimeout = 3\n[featuremap]\natxfer = *2\nblindxfer = #1\n"

# The last resort of a parked caller is whoever parked; a lot of the hundred slots is never full here.
PARKING = f"""[general]
[default]
parkext = {PARK}
parkpos = 701-799
context = parkedcalls
parkingtime = 15
comebacktoorigin = yes
"""

# Digits only, because transfers by keys are sent as DTMF. Support has a time limit, so that time-outs happen.
DIALPLAN = f"""
[{DESK_CONTEXT}]
include => parkedcalls
exten => {TO_HOTLINE},1,Queue(hotline,${{CTI_FEATURES}}b(cti-screen^s^1),,,,,cti-dialog)
exten => {TO_SUPPORT},1,Queue({SUPPORT},${{CTI_FEATURES}}b(cti-screen^s^1),,,{SUPPORT_SECONDS},,cti-dialog)
 same => n,UserEvent(CtiUnserved,Queue: {SUPPORT},Status: ${{QUEUESTATUS}})
 same => n,Hangup()
exten => _88ZX,1,Dial(PJSIP/seat${{EXTEN:2}},15,tb(cti-screen^s^1))
exten => _880Z,1,Dial(PJSIP/seat${{EXTEN:3}},15,tb(cti-screen^s^1))
"""


def edge_dialplan(hotline: str) -> str:
    """Return the edge's second number: the same way in, another queue."""
    support = f"exten => {SUPPORT_NUMBER},1,Set(__CTI_QUEUE={SUPPORT})\n same => n,Goto({hotline},1)\n"
    return f"\n[cti-trunk]\n{support}exten => {TEST_NUMBER},1,Goto(cti-test,s,1)\n"


def is_shared(number: int, size: Size) -> bool:
    """Say whether the seat of this number (from 1) is in both queues."""
    return number <= max(1, size.seats // 3)


def queue(hotline: str, size: Size) -> str:
    """Return the section of the second queue: settings as the first has them, a third of its seats, behind their first duty."""
    settings = "".join(line for line in hotline.partition("[hotline]\n")[2].splitlines(keepends=True) if "member =>" not in line)
    shared = [f"seat{number}" for number in range(1, size.seats + 1) if is_shared(number, size)]
    return f"[{SUPPORT}]\n{settings}" + "".join(f"member => PJSIP/{seat},1,{seat},PJSIP/{seat}\n" for seat in shared)


def endpoints() -> str:
    """Return the desks as endpoints with a static contact."""
    where = f"{PHONES.address(Net.SVC)}:{DESK_PORT}"
    return "".join(f"[{desk}](cti-seat)\naors = {desk}\n[{desk}](cti-seat-aor)\ncontact = sip:{desk}@{where}\n" for desk in DESKS)


def extension_of(seat: str) -> str:
    """Return what one seat dials to reach another."""
    return f"88{int(seat.removeprefix('seat')):02d}"
