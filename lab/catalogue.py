"""All drills by name."""

from __future__ import annotations

from lab.broker_trouble import BROKER_TROUBLE
from lab.deaths import DEATHS
from lab.disturbances import DISTURBANCES
from lab.exercise import Drill
from lab.pairs import PAIRS
from lab.peers import PEER_DRILLS

DRILLS: dict[str, Drill] = {**DEATHS, **BROKER_TROUBLE, **DISTURBANCES, **PAIRS, **PEER_DRILLS}
