"""What a site configures. Every fault is told at once, in words of the file (see `shell/config.py` for lines).

Durations are seconds. Secrets are named (file or credential), never held here."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cti_daemon.model.backups import Backup
from cti_daemon.model.calendar import Calendar, Readiness, ResponseClass, calendar_faults
from cti_daemon.model.contacts import CallOut, Contact, Gateway, People, book_faults
from cti_daemon.model.drills import PlannedDrill, table_faults
from cti_daemon.model.fields import Address, Name, Seconds, Secret, Table
from cti_daemon.model.pair import Pair
from cti_daemon.model.plan_tables import ROLES
from cti_daemon.model.reasons import Role
from cti_daemon.model.recording import RecordingTable
from cti_daemon.model.register import CallbackSettings, Register
from cti_daemon.model.report_settings import ReportTable


class Paths(Table):
    """An address per control network."""

    a: Address
    """On control network A."""
    b: Address
    """On control network B."""

    def of(self, path: str) -> str:
        return self.a if path == "a" else self.b


class Site(Table):
    name: Name
    """In every MQTT topic: cti/v1/NAME/…"""
    daemon: Name = "cti-1"
    """This daemon's own name, in the topic …/daemon/NAME/state."""
    time_zone: Annotated[str, Field(pattern=r"^[A-Za-z0-9_+/-]{1,60}$")] | None = None
    """In which the hours of calendars are meant, such as Asia/Shanghai. Left out: the machine's own."""


class Node(Table):
    name: Name
    """The name of the node's endpoint on the edge."""
    role: Role
    """One primary, one standby, at least one edge, at most one emergency system."""
    control: Paths
    """Its AMI, on both control networks."""
    sip: Paths
    """Its SIP, on both control networks: exactly the contacts that the edge has for it."""
    username: Name
    """The AMI account."""
    secret: Secret
    """The AMI account's secret."""
    system_name: Secret
    """`systemname` of its asterisk.conf: the proof that an AMI block is its own."""


class Detection(Table):
    heartbeat: Seconds = 0.2
    """So often a heartbeat over each AMI session, and an OPTIONS on each path."""
    suspect_after: Seconds = 0.3
    """Every path silent for so long: new calls are diverted to a proven standby."""
    dead_after: Seconds = 1.0
    """And for so long, the edge hearing nothing either: failover, callers are moved."""
    control_lost_after: Seconds = 1.0
    """AMI silent for so long while SIP answers: alarm, no failover."""
    edge_answer: Seconds = 0.15
    """A living path changes the edge's round-trip time within this."""
    edge_silent: Seconds = 0.5
    """The edge has heard nothing for so long: it does not reach the node."""
    stall: Seconds = 0.15
    """Our own loop stood still for so long: silence in that time proves nothing."""
    rise: Seconds = 3.0
    """Well for so long before a node counts as healthy again."""
    probe_when_suspect: Seconds = 0.05
    """Probe so often while a node is suspect."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults: list[str] = []
        if self.suspect_after < 1.25 * self.heartbeat:
            faults.append(
                f"suspect_after = {self.suspect_after} would suspect a healthy node between two heartbeats; "
                f"it must be at least 1.25 x heartbeat = {1.25 * self.heartbeat:g}"
            )
        elif self.stall + 0.05 + self.heartbeat / 2 > self.suspect_after + 1e-9:
            faults.append(
                f"stall = {self.stall}: a pause of our own just short of it would look like a node's silence; "
                f"it must be at most suspect_after - heartbeat / 2 - 0.05 = {self.suspect_after - self.heartbeat / 2 - 0.05:g}"
            )
        if self.dead_after < 2 * self.heartbeat + self.suspect_after:
            faults.append(
                f"dead_after = {self.dead_after} must be at least 2 x heartbeat + suspect_after = "
                f"{2 * self.heartbeat + self.suspect_after:g}"
            )
        if self.edge_answer >= self.dead_after - self.suspect_after:
            faults.append("edge_answer must be shorter than dead_after - suspect_after, else the edge is never heard in time")
        if faults:
            raise ValueError("\n".join(faults))  # one a line: shell/config tells each with its own line of the file
        return self


class Failover(Table):
    failback: Literal["command", "auto"] = "command"
    """Who says when new calls go home: a person, or the hold-down."""
    hold_down: Seconds = 600.0
    """A server that was down, or whose seats were out, must have been well for so long before calls go back to it."""
    seats_out: Literal["emergency", "alarm"] = "emergency"
    """What happens when no seat is reachable or logged in: new and waiting callers go to whoever has seats, or people are told."""
    seats_out_after: Seconds = 30.0
    """For so long no seat must have been reachable or logged in."""
    stagger: Annotated[float, Field(ge=0, le=1)] = 0.003
    """Between two callers who are given back to their agents: about what one call's set-up costs the standby."""


class Routing(Table):
    exec: tuple[str, ...] = ()
    """A program of the site, with its arguments, that is told every routing decision (docs/operations.md)."""
    exec_deadline: Annotated[float, Field(gt=0, le=60)] = 2.0
    """Then the program is killed, and nobody knows what holds."""

    @model_validator(mode="after")
    def _absolute(self) -> Self:
        if self.exec and not self.exec[0].startswith("/"):
            raise ValueError(f"exec = [{self.exec[0]!r}, …]: the program's whole path is wanted, as no search path is used")
        return self


class Queue(Table):
    name: Name
    """As in queues.conf."""
    service_level_seconds: Seconds = 15.0
    """An answer later than this is not in time."""
    short_abandon_seconds: Annotated[float, Field(ge=0, le=86_400)] = 5.0
    """Who hangs up no later than this is told apart: he never really waited."""
    wrap_up_seconds: Annotated[float, Field(ge=0, le=86_400)] = 0.0
    """`wrapuptime` of this queue in queues.conf, which Asterisk does not tell."""


class MqttTls(Table):
    """Files in PEM; a relative one is beside the configuration. The broker's certificate must be signed by `ca` and name `host`."""

    ca: str
    """The authority that signed the broker's certificate."""
    certificate: str | None = None
    """Our own, for a broker that asks for one."""
    key: Secret | None = None
    """The certificate's key."""

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together: give both, or neither where the broker asks for none")
        return self


class Mqtt(Table):
    host: str = "127.0.0.1"
    """The broker."""
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    """Its port; with TLS usually 8883."""
    username: Name = "cti-daemon"
    """As the broker's access list knows us."""
    password: Secret | None = None
    """Left out where the broker asks for none."""
    tls: MqttTls | None = None
    """For a broker on another machine."""


class Http(Table):
    listen: Address = "127.0.0.1:9595"
    """/metrics, /healthz, /readyz and /status. They ask nobody for a password: keep them on loopback."""


class Control(Table):
    socket: Annotated[str, Field(pattern=r"^/", max_length=107)] = "/run/cti-daemon/control.sock"
    """Where `cti-daemon failover` and its like reach the daemon; who may connect, its mode and group say."""


class Journal(Table):
    path: str = "/var/lib/cti-daemon/journal.sqlite"
    """The journal's file."""


class PlanFolder(Table):
    """Where the plan files are, and how fast their clocks run."""

    folder: Annotated[str, Field(min_length=1, max_length=400)] = "plans"
    """A folder of plan files, `*.toml`; a relative one is beside the configuration. SIGHUP reads it anew: all of it, or nothing when a file
    is faulty."""
    time_scale: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Times of the plans are multiplied with it; only a test or a drill site has another one than 1. Every message then says so."""
    roles: tuple[Name, ...] = ()
    """Roles that plans may name besides those of the table in docs/design/plans.md."""


class SeatGroup(Table):
    """Seats that are put into queues together: spare ones, other queues' agents, an echelon's."""

    name: Name
    """As `groups` of a plan's step `seats-login` says it."""
    seats: Annotated[tuple[Name, ...], Field(min_length=1)]
    """In the order in which they are taken."""


class RoleOfUsers(Table):
    """A role of people: who has it and which verbs it allows."""

    name: Name
    """The role's own name."""
    users: tuple[Name, ...]
    """Users of the broker, and login names of this machine."""
    verbs: tuple[Name, ...]
    """What they may order: docs/commands.md."""


class Settings(Table):
    site: Site
    """Which site this is."""
    node: Annotated[tuple[Node, ...], Field(min_length=1)]
    """One for each Asterisk."""
    detection: Detection = Detection()
    """How soon a failure is seen. The defaults are those the promises are made with; a combination that would suspect healthy nodes is
    refused."""
    failover: Failover = Failover()
    """When calls go elsewhere, and when they come back."""
    routing: Routing = Routing()
    """Who else is told the route; Asterisk edges always are."""
    queue: tuple[Queue, ...] = ()
    """A queue whose figures are shown."""
    mqtt: Mqtt | None = None
    """The broker. Left out: no MQTT."""
    http: Http = Http()
    """Pages for this host."""
    control: Control = Control()
    """Orders of people on this machine."""
    journal: Journal = Journal()
    """The durable record."""
    plans: PlanFolder | None = None
    """Emergency plans, run by the daemon. Left out: none."""
    seat_group: tuple[SeatGroup, ...] = ()
    """Seats that plans put into queues by the name of their group."""
    calendar: Calendar | None = None
    """Working time. Left out: every hour counts."""
    readiness: tuple[Readiness, ...] = ()
    """A time of readiness: a great holiday (重大节假日保障). Needs `[plans]`."""
    response: tuple[ResponseClass, ...] = ()
    """A response class (紧急, 重要, 一般响应): clocks that each incident of its grades has. Needs `[plans]`."""
    drill: tuple[PlannedDrill, ...] = ()
    """A drill that is due again and again."""
    pair: Pair | None = None
    """A second daemon watches the same site from another machine; one of them acts. Left out: there is none."""
    backup: Backup | None = None
    """Copies of the journal, each tried by putting it back. Left out: there are none."""
    report: ReportTable = ReportTable()
    """What printed reports say of the centre."""
    affected: Annotated[Register | None, Field(alias="register")] = None
    """Callers to whom something happened, with their numbers, sealed. Left out: no number is ever kept."""
    callback: CallbackSettings | None = None
    """They are called back by themselves when seats are free. Needs `[register]`, and the AMI right `originate` on the edges. Left out:
    rows wait for people."""
    recording: RecordingTable | None = None
    """Conversations are recorded, and the daemon watches that they are (dialplan/cti-record.conf). Left out: nobody does."""
    role: tuple[RoleOfUsers, ...] = ()
    """Who may order what; everything else is refused."""
    people: People = People()
    """How people are told, where there are contacts."""
    gateway: tuple[Gateway, ...] = ()
    """A way out to people."""
    contact: tuple[Contact, ...] = ()
    """The contact book. Left out: nobody is told anything but by log, metrics and MQTT."""
    call_out: CallOut | None = None
    """Calls to people. Left out: none."""

    @model_validator(mode="after")
    def _topology(self) -> Self:
        faults: list[str] = []
        names = [n.name for n in self.node]
        groups = [group.name for group in self.seat_group]
        faults += [f"seat_group name {n!r} is used twice" for n in sorted({n for n in groups if groups.count(n) > 1})]
        faults += [f"node name {n!r} is used twice; each node needs its own" for n in sorted({n for n in names if names.count(n) > 1})]
        for role, least, most in ((Role.EDGE, 1, 8), (Role.PRIMARY, 1, 1), (Role.STANDBY, 1, 1), (Role.EMERGENCY, 0, 1)):
            count = sum(n.role is role for n in self.node)
            if not least <= count <= most:
                faults.append(f"{count} nodes have role = {role.value!r}; there must be {least if least == most else f'{least} to {most}'}")
        roles = {*ROLES, *(self.plans.roles if self.plans is not None else ())}
        has_plans, has_calendar = self.plans is not None, self.calendar is not None
        faults += calendar_faults(self.readiness, self.response, roles, has_plans=has_plans, has_calendar=has_calendar)
        has_emergency = any(n.role is Role.EMERGENCY for n in self.node)
        faults += table_faults(self.drill, has_emergency=has_emergency, has_plans=self.plans is not None)
        if self.callback is not None and self.affected is None:
            faults.append("callback needs [register]: without it nobody knows whom to call")
        faults += self._pair_faults()
        seen: dict[str, str] = {}
        for n in self.node:
            for where, paths in (("control", n.control), ("sip", n.sip)):
                for path in ("a", "b"):
                    key = f"{where} {paths.of(path)}"
                    if key in seen:
                        faults.append(
                            f"{where} address {paths.of(path)} is given for both {seen[key]} and {n.name}.{path}; "
                            "each node needs its own address on each control network"
                        )
                    seen[key] = f"{n.name}.{path}"
        callers = [n.name for n in self.node if n.role in {Role.EDGE, Role.EMERGENCY}]
        faults += book_faults(self.contact, self.gateway, self.call_out, callers)
        if faults:
            raise ValueError("\n".join(faults))  # one a line: shell/config tells each with its own line of the file
        return self

    def _pair_faults(self) -> list[str]:
        faults: list[str] = []
        if self.pair is None:
            return faults
        edges = [n.name for n in self.node if n.role is Role.EDGE]
        if self.pair.peer == self.site.daemon:
            faults.append(f"peer = {self.pair.peer!r} is this daemon's own name (site.daemon); each of the two needs its own")
        if self.pair.edge is not None and self.pair.edge not in edges:
            faults.append(f"edge = {self.pair.edge!r} is no node with role = 'edge'; there are: {', '.join(edges)}")
        return faults

    def nodes(self, *roles: Role) -> tuple[Node, ...]:
        return tuple(n for n in self.node if n.role in roles)
