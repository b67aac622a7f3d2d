"""Golden transcripts: a script of faults and callers, and below `===` what the daemon decided, when, and why.

A reviewer reads the `.txt` files. `CTI_REWRITE=1` writes them anew: read the difference before you commit it."""

import os
import shlex
from collections.abc import Callable
from pathlib import Path

from cti_daemon.model.events import Command, Membership, ObserverStalled
from cti_daemon.model.ids import PATHS, Interface, NodeName, PathName, QueueName, SeatName, Uniqueid
from cti_daemon.model.reasons import MemberKind
from cti_daemon.wire.standing import standing, standing_orders
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
            "seats": lambda node, reachable: self.world.seats(NodeName(node), int(reachable)),
            "settings": self._settings,
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
        route = open_failover = orders = None
        left_seconds = 0.0
        if journal == "lost":
            self.world.known_lives.clear()
        kept = zip(self.world.records, self.world.recorded_at, strict=True) if journal == "kept" else ()
        for record, at in kept:
            if record.kind in ("route", "failover_intent"):
                route = record.data
                open_failover = record.data if record.kind == "failover_intent" else open_failover
            elif record.kind == "failover_done" and open_failover is not None and record.data["epoch"] == open_failover["epoch"]:
                open_failover = None
            elif record.kind == "orders":
                orders, left_seconds = record.data, self.world.now - at
        self.world.restart(standing(route, open_failover), standing_orders(orders, left_seconds), has_journal=journal == "kept")

    def _settings(self, *words: str) -> None:
        """Of `[failover]`; the first line of a script."""
        self.world = World(failover=dict(word.split("=") for word in words))
        self.world.transcript.append(f"{0.0:8.3f}  -- settings {' '.join(words)}")

    def _command(self, user: str, verb: str, *words: str) -> None:
        self._commands += 1
        options = dict(word.split("=") for word in words)
        confirm = options.get("confirm", "")
        if confirm == "token":
            confirm = self.world.last_token(user)
        if_epoch = int(options["epoch"]) if "epoch" in options else None
        args: dict[str, object] = {key: options[key] for key in ("to", "node", "for", "text", "seat", "name", "kind") if key in options}
        if "queues" in options:
            args["queues"] = options["queues"].split(",")
        if "id" in options:
            args["id"] = int(options["id"])
        if "force" in options:
            args["force"] = True
        self._last = Command(
            f"c{self._commands}",
            verb,
            user,
            reason=options.get("reason", ""),
            dry_run="dry" in options,
            confirm=confirm,
            if_epoch=if_epoch,
            args=args,
        )
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
