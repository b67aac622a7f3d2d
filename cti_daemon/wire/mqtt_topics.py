"""The topics of one site: fixed names, which dashboards, scripts and the broker's ACL rely on."""

import re
from dataclasses import dataclass

MOST_RESPONSE_TOPIC = 256
_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_VERB = re.compile(r"[a-z][a-z-]{0,30}")
_NOT_IN_A_LEVEL = re.compile(r"[\x00-\x1f\x7f+#/%]")
_LEVEL = re.compile(r"[^\x00-\x1f\x7f+#/]{1,128}")


def is_verb(name: str) -> bool:
    """Could this be a verb at all? Which there are the core decides."""
    return _VERB.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Topics:
    site: str
    daemon: str

    @property
    def base(self) -> str:
        return f"cti/v1/{self.site}"

    @property
    def daemon_state(self) -> str:
        return f"{self.base}/daemon/{self.daemon}/state"

    @property
    def state(self) -> str:
        return f"{self.base}/state"

    @property
    def requests(self) -> str:
        """The filter that takes every user's every verb."""
        return f"{self.base}/request/+/+"

    def node(self, name: str) -> str:
        return f"{self.base}/nodes/{name}/state"

    def queue(self, name: str) -> str:
        return f"{self.base}/queues/{name}/stats"

    def seat(self, name: str) -> str:
        """A seat is named in Asterisk, where a name may hold what a topic may not: that is spelled `%2F`."""
        return f"{self.base}/seats/{_NOT_IN_A_LEVEL.sub(_spelled, name) or '%'}/state"

    def event(self, kind: str) -> str:
        return f"{self.base}/events/{kind}"

    def schema(self, verb: str) -> str:
        return f"{self.base}/schema/{verb}"

    def response(self, user: str, verb: str) -> str:
        return f"{self.base}/response/{user}/{verb}"

    def asked_by(self, topic: str) -> tuple[str, str] | None:
        """User and verb of a request's topic; None for names that no user and no verb can have."""
        head, _, tail = topic.partition(f"{self.base}/request/")
        user, _, verb = tail.partition("/")
        if head or not _USER.fullmatch(user) or not is_verb(verb):
            return None
        return user, verb

    def may_answer_to(self, user: str, topic: str) -> bool:
        """May this user have an answer sent here? Only below his own responses or below `reply/`: we have more rights on the broker
        than those who ask, and must not be led to write where they may not, or to another who would believe us."""
        if len(topic) > MOST_RESPONSE_TOPIC:
            return False
        for prefix in (f"{self.base}/response/{user}/", "reply/"):
            if topic.startswith(prefix):
                return all(_LEVEL.fullmatch(level) for level in topic[len(prefix) :].split("/"))
        return False


def _spelled(found: re.Match[str]) -> str:
    return f"%{ord(found[0]):02X}"
