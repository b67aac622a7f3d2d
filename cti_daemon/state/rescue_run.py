"""One rescue: the redirects sent in an epoch and what became of them."""

from dataclasses import dataclass, field

from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Result
from cti_daemon.state.legs import LegKey


@dataclass(slots=True)
class RescueRun:
    epoch: int
    from_node: NodeName
    started_at: float
    is_failover: bool = False
    """False: a divert, or legs found late on a node already left."""
    pending: dict[int, LegKey] = field(default_factory=dict)
    """effect_id → leg, answers outstanding."""
    results: dict[Result, int] = field(default_factory=lambda: dict.fromkeys(Result, 0))
    last_answer_at: float | None = None
    is_reported: bool = False

    def send(self, effect_id: int, leg: LegKey) -> None:
        self.pending[effect_id] = leg
        self.is_reported = False

    def take_over(self, former: "RescueRun") -> None:
        """A later decision goes on with what a former one has begun."""
        self.from_node, self.started_at = former.from_node, former.started_at
        self.pending, self.results = former.pending, former.results

    def learn(self, effect_id: int, result: Result, at: float) -> LegKey | None:
        """The leg this answer is about; None when it is not one of ours."""
        leg = self.pending.pop(effect_id, None)
        if leg is not None:
            self.results[result] += 1
            self.last_answer_at = at
        return leg

    @property
    def total(self) -> int:
        return sum(self.results.values()) + len(self.pending)
