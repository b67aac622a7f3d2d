"""The AGI script behind dialplan/cti-callout.conf: plays what it is about, and takes a key for an answer.

Runs on the Asterisk that calls, started by it (AGI) or by a socket unit (FastAGI): `python -m cti_daemon.shell.agi_confirm`, the
conversation on standard input and output. AGI begins with an environment that has text of strangers in it, and Asterisk writes it as
it is: a name with line ends in it can end the environment early, and what follows would be read as answers to our commands
("200 result=49": key 1 was pressed). So nothing of the environment is used, and before anything is asked, both sides are brought into
step by a word that nobody could know when he chose his name. Said are only words of this file."""

import io
import secrets
import sys
from enum import StrEnum
from typing import Any

KINDS = ("notice", "standby", "come", "inform")
INFORM = KINDS[3]
"""To a caller: he is told, and asked for nothing."""
ROUNDS = 3
KEY_MILLISECONDS = 5000
"""After each round: a mailbox that plays its greeting presses no key, however long it goes on."""
MOST_STRANGE_LINES = 200


class StrangeError(Exception):
    """No AGI conversation of ours."""


class Key(StrEnum):
    YES = "1"
    NO = "2"


ANSWERS = {Key.YES: "yes", Key.NO: "no"}


class Line:
    """pyst2's AGI, with nothing but these four doors: every word that goes to Asterisk is one of a closed set."""

    def __init__(self, agi: Any) -> None:
        self._agi = agi

    def fall_in(self) -> None:
        """Read on until what Asterisk answers is the answer to us. Raises StrangeError when it never is."""
        word = secrets.token_hex(16)
        # It gives back what it is given. One command: of two at once Asterisk may leave the second in its buffer.
        self._agi.send_command("GET FULL VARIABLE", f'"{word}"')
        for _ in range(MOST_STRANGE_LINES):
            line = self._agi.stdin.readline()
            if line.strip() == f"200 result=1 ({word})":
                return
            if not line:
                break
        raise StrangeError("Asterisk does not answer in step")

    def kind(self) -> str:
        """What the call is about; anything that is none of the kinds is a notice."""
        told = str(self._agi.get_variable("CTI_KIND") or "")
        return told if told in KINDS else KINDS[0]

    def is_drill(self) -> bool:
        return str(self._agi.get_variable("CTI_IS_DRILL") or "") == "1"

    def ask(self, sound: str) -> Key | None:
        """Play a sound of ours and wait; the key that was pressed, if it is one that we know."""
        _known(sound)
        pressed = self._agi.stream_file(sound, "12") or self._agi.wait_for_digit(KEY_MILLISECONDS)
        return Key(pressed) if pressed in set(Key) else None

    def say(self, sound: str) -> None:
        _known(sound)
        self._agi.stream_file(sound, "")

    def answer(self, key: Key) -> None:
        self._agi.set_variable("CTI_ANSWER", ANSWERS[key])


_SOUNDS = frozenset({*(f"cti-call-{kind}" for kind in KINDS), "cti-call-drill", "cti-call-thanks"})


def _known(sound: str) -> None:
    if sound not in _SOUNDS:
        raise ValueError(f"{sound!r} is no sound of ours")


def confirm(line: Line) -> Key | None:
    """The conversation. None: nobody confirmed."""
    kind, is_drill = line.kind(), line.is_drill()
    if kind == INFORM:
        line.say(f"cti-call-{kind}")
        return None
    for _ in range(ROUNDS):
        key = (line.ask("cti-call-drill") if is_drill else None) or line.ask(f"cti-call-{kind}")
        if key is Key.YES or (key is Key.NO and kind != KINDS[0]):
            line.answer(key)
            line.say("cti-call-thanks")
            return key
    return None


def main() -> None:
    from asterisk.agi import AGI, AGIException  # noqa: PLC0415 - ships no types; only this script needs it

    heard = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace", newline="\n")
    with io.StringIO() as unread:  # pyst2 writes the environment there, with the caller's number, and Asterisk would log it
        agi = AGI(heard, sys.stdout, unread)
        line = Line(agi)
        try:
            line.fall_in()
            confirm(line)
        except (AGIException, StrangeError, ValueError, OSError):
            return  # hung up, mostly: what was answered before is answered


if __name__ == "__main__":
    main()
