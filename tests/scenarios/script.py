"""Golden transcripts: a script of faults and callers, and below `===` what the daemon decided, when, and why.

A reviewer reads the `.txt` files. `CTI_REWRITE=1` writes them anew: read the difference before you commit it."""

import os
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cti_daemon.model.events import Command, Membership, ObserverStalled
from cti_daemon.model.ids import PATHS, Interface, NodeName, PathName, QueueName, SeatName, Uniqueid
from cti_daemon.model.reasons import MemberKind, Mode, Reason
from cti_daemon.model.records import Standing
from tests.sim.world import World

SEPARATOR = "===\n"


class Script:
    def __init__(self) -> None:
        self.world = World()
        self._commands = 0
        self._last = Command("", "", "")
        self._verbs: dict[str, Callable[..., None]] = {
            "run": self._run,
            "calls": self._calls,
            "hangup": self._hangup,
            "kill": lambda node: self.world.kill(NodeName(node)),
            "black-hole": lambda node: self.world.black_hole(NodeName(node)),
            "heal": lambda node: self.world.heal(NodeName(node)),
            "silent": self._silent,
            "edge-deaf": self._edge_deaf,
            "audio": self._audio,
            "stall": self._stall,
            "restart": self._restart,
            "die-after-intent": self._die_after_intent,
            "die": self._die,
            "command": self._command,
            "repeat": self._repeat,
            "seat": self._seat,
            "logout": self._logout,
        }

    def play(self, text: str) -> str:
        for line in text.splitlines():
            words = shlex.split(line, comments=True)
            if words:
                if words[0] != "run":
                    self.world.transcript.append(f"{self.world.now:8.3f}  -- {line.strip()}")
                self._verbs[words[0]](*words[1:])
        return "\n".join(self.world.transcript) + "\n"

    def _run(self, until: str) -> None:
        self.world.run(float(until))

    def _calls(self, *words: str) -> None:
        counts = dict(word.split("=") for word in words)
        on = NodeName(counts.pop("on", "pbx-a"))
        self.world.calls(talking=int(counts.get("talking", 0)), waiting=int(counts.get("waiting", 0)), on=on)

    def _hangup(self, uniqueid: str) -> None:
        self.world.hang_up(Uniqueid(uniqueid))

    def _seat(self, node: str, seat: str, *words: str) -> None:
        """`seat pbx-a seat5 in=support penalty=3 paused=lunch`: somebody is this from now on."""
        options = dict(word.split("=") for word in words)
        self.world.seat(
            NodeName(node),
            Membership(
                QueueName(options.get("in", "hotline")),
                Interface(f"PJSIP/{seat}"),
                SeatName(seat),
                kind=MemberKind.DYNAMIC,
                penalty=int(options.get("penalty", 0)),
                paused="paused" in options,
                reason=options.get("paused", ""),
            ),
        )

    def _logout(self, node: str, seat: str, queue: str) -> None:
        self.world.unseat(NodeName(node), (QueueName(queue), Interface(f"PJSIP/{seat}")))

    def _silent(self, node: str, *signals: str) -> None:
        """`silent pbx-a link-a sip-b`"""
        for signal in signals:
            kind, _, path = signal.partition("-")
            self.world.faults[NodeName(node)].silent.add((kind, PathName(path)))

    def _edge_deaf(self, node: str) -> None:
        self.world.faults[NodeName(node)].edge_deaf = set(PATHS)

    def _audio(self, node: str, state: str) -> None:
        self.world.faults[NodeName(node)].audio = state == "on"

    def _stall(self, seconds: str) -> None:
        """The daemon does not run; nothing is heard meanwhile."""
        world = self.world
        world.skip(float(seconds))
        world.feed(ObserverStalled(float(seconds)))

    def _die(self) -> None:
        """The daemon is killed now, and away until it is started again."""
        self.world.is_dead = True

    def _die_after_intent(self) -> None:
        """The daemon is killed as soon as the next failover's intent is in the journal: nothing of it is sent."""
        self.world.dies_after = "failover_intent"

    def _restart(self, journal: str = "kept") -> None:
        """The daemon is killed and started again; the journal is `kept` or `lost`."""
        standing = None
        if journal == "lost":
            self.world.known_lives.clear()
        for record in self.world.records if journal == "kept" else []:
            if record.kind in ("route", "failover_intent"):
                data = record.data
                diverted = NodeName(data["diverted_from"]) if data["diverted_from"] else None
                serving, epoch = NodeName(data["serving"]), int(data["epoch"])
                left = NodeName(data["from"]) if record.kind == "failover_intent" else None
                standing = Standing(Mode(data["mode"]), serving, epoch, Reason(data["reason"]), diverted, left)
            elif record.kind == "failover_done" and standing is not None:
                standing = replace(standing, open_failover_from=None)
        self.world.restart(standing)

    def _command(self, user: str, verb: str, *words: str) -> None:
        self._commands += 1
        options = dict(word.split("=") for word in words)
        confirm = options.get("confirm", "")
        if confirm == "token":
            confirm = self.world.last_token()
        args: dict[str, object] = {"to": options["to"]} if "to" in options else {}
        if "force" in options:
            args["force"] = True
        self._last = Command(f"c{self._commands}", verb, user, dry_run="dry" in options, confirm=confirm, args=args)
        self.world.feed(self._last)

    def _repeat(self) -> None:
        """The last command once more, with the same id."""
        self.world.feed(self._last)


def check(path: Path) -> tuple[str, str]:
    """The transcript as it is and as the file has it."""
    script, _, golden = path.read_text(encoding="utf-8").partition(SEPARATOR)
    found = Script().play(script)
    if os.environ.get("CTI_REWRITE"):
        path.write_text(script + SEPARATOR + found, encoding="utf-8")
        golden = found
    return found, golden
