"""The first daemon dies at many instants of a failover, and the second, which has watched, goes on: nobody is lost, nobody
is moved twice."""

from functools import partial
from typing import Any

import pytest
from typing_extensions import override

from cti_daemon.engine import Engine
from cti_daemon.model.events import Event, Outcome, Tick
from cti_daemon.model.lease import LeaseTaken, Origin
from cti_daemon.shell.pair_room import HARMLESS
from cti_daemon.wire.lease_text import pulse_text, read_pulse
from tests.sim.world import EMG, A, B, World

TICK_SECONDS = 0.05
BEAT_SECONDS = 0.2
TAKEOVER_SECONDS = 3.2


class Two(World):
    """The world's own daemon acts; `heir` hears all that it hears."""

    def __init__(self) -> None:
        self.heir: Engine | None = None
        super().__init__()
        self.heir = Engine(self.settings, None, b"heir", self.now)
        self.heir.pair("cti-1")
        self.notes: dict[str, Any] = {}
        self._watch_on()
        self._beat_notes()

    @override
    def feed(self, event: Event) -> None:
        if not isinstance(event, Outcome):
            self._let_watch(event)
        super().feed(event)

    def _let_watch(self, event: Event) -> None:
        if self.heir is not None and self.heir is not self.engine:
            left = [effect for effect in self.heir.feed(event, self.now) if type(effect) not in HARMLESS]
            assert left == []

    def _watch_on(self) -> None:
        self._let_watch(Tick())
        self._later(TICK_SECONDS, self._watch_on)

    def _beat_notes(self) -> None:
        if not self.is_dead and self.heir is not self.engine:
            pulse = read_pulse(pulse_text("n", 1, self.engine.notes(self.now)))
            assert pulse is not None
            self.notes = dict(pulse.notes)
        self._later(BEAT_SECONDS, self._beat_notes)

    def succeed(self) -> None:
        assert self.heir is not None
        self.engine, self.is_dead, self._tick_at = self.heir, False, float("inf")
        self.life += 1
        self.feed(LeaseTaken(2, "n-2", Origin.OTHER, "cti-1", self.notes, TAKEOVER_SECONDS))

    def die(self) -> None:
        self.is_dead = True


def course(dies_at: float, *, strike: str) -> Two:
    world = Two()
    world.run(2.0)
    world.calls(talking=3, waiting=5)
    world.run(3.0)
    if strike == "kill":
        world.kill(A)
    else:
        world.black_hole(A)
    world.clock.after(dies_at, world.die)
    world.clock.after(dies_at + TAKEOVER_SECONDS, world.succeed)
    world.run(3.0 + dies_at + TAKEOVER_SECONDS + 8.0)
    return world


@pytest.mark.parametrize(("strike", "step"), [("kill", 2), ("black hole", 5)])
@pytest.mark.parametrize("tenth", range(0, 16, 2))
def test_wherever_the_first_one_dies_the_second_finishes_what_it_began(strike: str, step: int, tenth: int) -> None:
    for hundredth in range(0, 20, step):
        world = course(tenth / 10 + hundredth / 100, strike=strike)
        assert world.heir is world.engine
        assert world.engine.is_acting
        moved = sorted(uniqueid for _, uniqueid, _ in world.redirects)
        assert moved == sorted(world.legs), f"died {tenth / 10 + hundredth / 100:.2f} s after the strike"
        assert {leg.node for leg in world.legs.values()} == {B}
        assert world.edge_route[0] == B
        view = world.engine.view(world.now)
        assert (view.serving, view.failover_in_progress, view.legs_to_rescue) == (B, False, 0)


def test_a_divert_that_the_first_one_began_ends_with_the_second() -> None:
    world = Two()
    world.run(2.0)
    world.calls(talking=3, waiting=5)
    world.run(3.0)
    world.black_hole(A)
    world.clock.after(0.45, world.die)
    world.clock.after(0.6, partial(world.heal, A))
    world.clock.after(0.45 + TAKEOVER_SECONDS, world.succeed)
    world.run(15.0)
    view = world.engine.view(world.now)
    assert (view.mode.value, view.serving, world.edge_route[0]) == ("normal", A, A)
    assert world.redirects == []


def test_when_both_servers_died_meanwhile_it_is_the_emergency_seats() -> None:
    world = Two()
    world.run(2.0)
    world.calls(talking=3, waiting=5)
    world.run(3.0)
    world.die()
    world.kill(A)
    world.run(4.0)
    world.kill(B)
    world.run(6.0)
    world.succeed()
    world.run(12.0)
    assert world.edge_route[0] == EMG
    assert {leg.node for leg in world.legs.values()} == {EMG}
