"""What an order is made of: one row of the table of verbs, and one arg of it."""

from dataclasses import dataclass
from enum import StrEnum

from cti_daemon.model.shapes import Shape


class Kind(StrEnum):
    """What an order is about."""

    WORD = "word"  # changes nothing but the record
    MOVE = "move"  # who serves
    STANDING = "standing"  # in force for a stated time
    SEAT = "seat"
    DRILL = "drill"
    CALLBACK = "callback"
    PLAN = "plan"  # emergency plans and their incidents
    TICKET = "ticket"  # paper tickets
    QUESTION = "question"  # takes a while, and changes nothing


class Known(StrEnum):
    """Whose names a site has."""

    SERVERS = "servers"  # nodes that can serve calls
    NODES = "nodes"


@dataclass(frozen=True, slots=True)
class Arg:
    """`ask`: what is said when it is missing or has another shape, with `code`. On the command line it is an option, with `default`
    when it is not given, or where `is_positional` a word behind the verb."""

    name: str
    shape: Shape
    does: str
    needed: bool = False
    known: Known | None = None
    code: str = "malformed"
    ask: str = ""
    metavar: str | None = None
    default: str | None = None
    is_positional: bool = False
    option: str = ""
    """Its name on the command line, where that is another one."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "option", self.option or self.name)


@dataclass(frozen=True, slots=True)
class Verb:
    """`does`: one sentence. `more`: what the reference says besides. `is_dangerous`: wants a dry run first, and its token. `typed`: what it
    is on the command line, where that is a command of its own."""

    name: str
    kind: Kind
    does: str
    args: tuple[Arg, ...] = ()
    more: str = ""
    is_dangerous: bool = False
    typed: str = ""

    @property
    def is_order(self) -> bool:
        return self.kind not in {Kind.WORD, Kind.QUESTION}

    @property
    def is_errand(self) -> bool:
        """The shell does it beside the loop; the answer comes later."""
        return self.kind in {Kind.TICKET, Kind.QUESTION}

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(arg.name for arg in self.args)

    def arg(self, name: str) -> Arg:
        return next(arg for arg in self.args if arg.name == name)
