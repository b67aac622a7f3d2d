"""The wiring: settings in, a running service out. Everything the core orders is given to whoever can do it."""

import asyncio
import secrets as randomness
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cti_daemon.engine import Engine
from cti_daemon.model.backups import Backup
from cti_daemon.model.drills import CallSeat
from cti_daemon.model.effects import (
    Answer,
    AskEdge,
    AttachDialog,
    CallHook,
    HangUp,
    ListEdge,
    ListNode,
    ProbeNode,
    RaiseCaller,
    Record,
    Report,
    RescueLeg,
    SampleAudio,
    SetDrill,
    SetMember,
    SetRoute,
    SetSwitch,
    SetVia,
)
from cti_daemon.model.errands import Errand
from cti_daemon.model.events import Event, LinkLost, LinkUp, Outcome
from cti_daemon.model.ids import NodeName
from cti_daemon.model.incidents import Plan
from cti_daemon.model.plan_effects import Carried, InformCallers, PlansRead, TestCalls
from cti_daemon.model.reasons import Result
from cti_daemon.model.records import Standing, StandingDrills, StandingPlans
from cti_daemon.model.settings import Settings
from cti_daemon.model.views import SiteView
from cti_daemon.policy.plans import Plans
from cti_daemon.policy.response import Responses
from cti_daemon.shell import backups, lacks, log, plan_files
from cti_daemon.shell.almanac import AlmanacTeller
from cti_daemon.shell.ami.audio_ear import AudioEar
from cti_daemon.shell.ami.edge_eye import EdgeEye
from cti_daemon.shell.ami.hands import Deed, Hands
from cti_daemon.shell.ami.node_links import NOT_OURS, NodeLinks
from cti_daemon.shell.backups import Backups
from cti_daemon.shell.control_socket import ControlSocket
from cti_daemon.shell.drill_calendar import DrillCalendar
from cti_daemon.shell.errands import Errands
from cti_daemon.shell.exec_hook import ExecHook
from cti_daemon.shell.http import HttpServer
from cti_daemon.shell.journal import Journal
from cti_daemon.shell.journal_file import Recovered
from cti_daemon.shell.ledger_file import LedgerFile
from cti_daemon.shell.messengers import Messengers
from cti_daemon.shell.metrics import Metrics
from cti_daemon.shell.mqtt import MqttBridge
from cti_daemon.shell.pair_room import PairRoom
from cti_daemon.shell.path_calls import PathCalls
from cti_daemon.shell.readiness import Readiness
from cti_daemon.shell.runner import Runner
from cti_daemon.shell.secret_files import Secrets
from cti_daemon.shell.sip_probe import SipProbes
from cti_daemon.shell.systemd import Notifier
from cti_daemon.shell.tasks import Tasks
from cti_daemon.shell.teller import Teller
from cti_daemon.state.ledger import UNREADABLE
from cti_daemon.wire.standing import answers, standing, standing_orders

if TYPE_CHECKING:
    from cti_daemon.shell.register_room import RegisterRoom

COUNT_SECONDS = 1.0
WATCHDOG_SECONDS = 1.0
"""Far below WatchdogSec of the unit (10 s)."""
STOP_SECONDS = 3.0
ANSWERS_LAST_SECONDS = 86_400.0
"""How long after it was answered a command's id is known over a restart."""


async def run(settings: Settings, secrets: Secrets, plans: tuple[Plan, ...] = (), source: Path = Path()) -> int:
    """Serve until SIGTERM or SIGINT; 0 then, 1 when an organ of ours ended by itself (systemd starts us again). Stopping touches
    no call: the edges keep what they were told."""
    daemon = Daemon(settings, secrets, plans, source)
    await daemon.start()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, daemon.read_plans_anew)
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, daemon.ended.set)
    await daemon.ended.wait()
    await daemon.stop()
    return 1 if daemon.has_failed else 0


class Daemon:
    def __init__(self, settings: Settings, secrets: Secrets, plans: tuple[Plan, ...] = (), source: Path = Path()) -> None:
        self._settings = settings
        self._secrets = secrets
        self._plans = plans
        self._source = source
        self._log = log.get("daemon")
        self._loop = asyncio.get_running_loop()
        self._journal = Journal(settings.journal.path, backups=Path(settings.backup.folder) if settings.backup else None)
        self._ledger = LedgerFile(Path(settings.journal.path).with_name("queues.json"))
        self._register: RegisterRoom | None = None
        self._engine: Engine | None = None
        self._notifier = Notifier()
        self._tasks = Tasks(self._fail)
        self._links: dict[NodeName, NodeLinks] = {}
        self._counted: dict[NodeName, int] = {}
        self._runner: Runner | None = None
        self._pair: PairRoom | None = None
        self._watchdog_at = 0.0
        self._told_status = ""
        self.ended = asyncio.Event()
        self.has_failed = False

    async def start(self) -> None:
        settings = self._settings
        recovered = await self._journal.open()
        engine = self._engine = self._open_engine(recovered)
        pair = self._open_pair(engine, recovered.lease_nonce)
        self._recall_figures(engine)
        self._metrics = Metrics(settings, self.view)
        self._watch_parts()
        runner = self._runner = Runner(engine, self._journal, settings.detection.stall, self._beat)
        nodes = [NodeName(node.name) for node in settings.node]
        self._readiness = Readiness(nodes, self.view, lambda: self._journal.is_healthy)
        self._http = HttpServer(settings, self._metrics, self.view, self._readiness.checks)
        self._mqtt = MqttBridge(
            settings,
            self._secrets.mqtt_password,
            runner.post,
            self.view,
            tls=self._secrets.mqtt_tls,
            count_command=self._metrics.count_command,
            refused=self._turned_away,
            may_act=pair.may_act if pair is not None else None,
        )
        self._register = self._open_register()
        self._control = ControlSocket(
            settings.control.socket,
            runner.post,
            lambda: self.view().epoch,
            count_command=self._metrics.count_command,
            refused=self._turned_away,
            private=self._register.private if self._register is not None else None,
        )
        tickets = self._register.tickets.do if self._register is not None else None
        self._errands = Errands(settings.site.name, self._source, tickets, self._seen, self._tasks.spawn)
        self._teller = Teller(self._metrics, [self._mqtt], self._control.answer)
        self._make_links()
        self._probes = SipProbes(settings, runner.post)
        self._path_calls = PathCalls(settings, self._secrets, runner.post)
        self._messengers = Messengers(settings, self._secrets, runner.post, self._tasks.spawn, pair.may_act if pair is not None else None)
        if settings.contact:
            self._messengers.read()
            self._metrics.add(self._messengers.families)
            self._tasks.keep_beside(self._messengers.run, "messengers")
        runner.start(self._doers() if pair is None else pair.guarded(self._doers()))
        for node, links in self._links.items():
            self._tasks.keep(links.run(), f"ami-{node}")
        self._contend()
        self._tasks.keep(self._probes.run(), "sip-probes")
        self._tasks.keep(self._count(), "count")
        self._tasks.keep(self._ledger.run(lambda: engine.figures(self._loop.time())), "ledger")
        if self._register is not None:
            self._metrics.watch_register(self._register.register)
            self._tasks.keep_beside(self._register.run, "register")
        if recovered.damaged is not None:
            self._teller.report([backups.damage(recovered)])
        self._keep_calendars(settings)
        if settings.backup is not None:
            self._keep_backups(settings.backup)
        if settings.mqtt is not None:
            self._metrics.watch_mqtt(self._mqtt)
            self._tasks.keep(self._mqtt.run(), "mqtt")
        await self._http.start()
        await self._control.start()
        self._notifier.ready()
        self._log.info("cti-daemon runs", site=settings.site.name, nodes=[n.name for n in settings.node])

    def _open_engine(self, recovered: Recovered) -> Engine:
        orders, last = recovered.orders, recovered.drills
        standing_by = standing_orders(orders.data, self._journal.age_seconds(orders)) if orders else None
        known = [entry.data for entry in recovered.answers if self._journal.age_seconds(entry) < ANSWERS_LAST_SECONDS]
        key, now = randomness.token_bytes(32), self._loop.time()
        drills = StandingDrills(last.data, self._journal.age_seconds(last)) if last is not None else None
        plans = self._open_plans(recovered, now)
        engine = Engine(self._settings, _standing(recovered), key, now, standing_by, answers(known), drills, plans)
        engine.halves.remember(recovered.lives)
        return engine

    async def stop(self) -> None:
        self._notifier.stopping()
        self._log.info("stopping; no call is touched, the edges keep their route")
        if self._runner is not None:
            await self._runner.stop()
        if self._pair is not None:
            await self._pair.give_up()
        await self._tasks.stop(STOP_SECONDS)
        await self._http.stop()
        await self._control.stop()
        if self._register is not None:
            await self._register.register.close()
        await self._journal.close()

    def _watch_parts(self) -> None:
        """What can be counted of the daemon's own parts, and what cannot be used."""
        settings, lacking = self._settings, self._secrets.lacks
        self._metrics.watch_journal(self._journal)
        lacks.tell(lacking)
        if settings.plans is not None:
            self._metrics.add(lambda: plan_files.families(self._plans))
        if settings.gateway or settings.affected or settings.call_out:
            self._metrics.add(lambda: lacks.families(settings, lacking))

    def _open_register(self) -> "RegisterRoom | None":
        if self._settings.affected is None:
            return None
        from cti_daemon.shell import register_room  # noqa: PLC0415 - its ciphers take memory that a site without a register keeps

        return register_room.open_room(self._settings, self._secrets, self._journal)

    def _open_pair(self, engine: Engine, last_nonce: str) -> PairRoom | None:
        own = self._settings.pair
        if own is None:
            return None
        engine.pair(own.peer)
        self._pair = PairRoom(self._settings, own, last_nonce, lambda: engine.notes(self._loop.time()))
        return self._pair

    def _contend(self) -> None:
        """For the lease, where there is another daemon."""
        if self._pair is not None:
            self._metrics.add(self._pair.families)
            self._tasks.keep(self._pair.run(self._links[self._pair.edge], self._seen, self._mqtt.role_changed), "pair")

    def _open_plans(self, recovered: Recovered, now: float) -> Plans | None:
        if self._settings.plans is None:
            return None
        last = recovered.plans
        versions = tuple(entry.data for entry in recovered.plan_versions)
        standing = StandingPlans(last.data, self._journal.age_seconds(last), versions) if last is not None else None
        nobody = plan_files.unmanned(self._settings, self._plans)
        if nobody:
            self._log.warning("plans name roles that no contact has: what they are to be told nobody hears", roles=nobody)
        if lacking := plan_files.without_seats(self._plans):
            self._log.warning("plans name groups of seats that no [[seat_group]] has: nobody is logged in by them", groups=lacking)
        for fault in plan_files.unable(self._settings, self._plans):
            self._log.warning("a step of a plan cannot be carried out here", fault=fault)
        scale = self._settings.plans.time_scale
        return Plans(self._plans, now, standing, scale, responses=Responses(self._settings.response, scale))

    def read_plans_anew(self) -> None:
        """All of the folder, or nothing of it: a faulty file leaves the plans as they are."""
        if self._settings.plans is None:
            self._log.info("SIGHUP reads plans anew, and there are none; the configuration is read at a start")
            return
        plans, faults = plan_files.read(self._settings, self._source)
        for fault in faults:
            self._log.error("a plan file is faulty; the plans stay as they are", fault=str(fault))
        if not faults:
            self._plans = plans
            self._seen(PlansRead(plans))

    def _keep_calendars(self, settings: Settings) -> None:
        if settings.plans is not None and (settings.calendar is not None or settings.readiness):
            self._tasks.keep_beside(AlmanacTeller(settings, self._seen, self._loop.time).run, "almanac")
        if settings.drill:
            self._tasks.keep_beside(DrillCalendar(settings, self._seen).run, "drill-calendar")

    def _keep_backups(self, table: Backup) -> None:
        found = Backups(self._source, table, self._journal.append, self._teller.report, lambda: self.view().failover_in_progress)
        self._metrics.add(found.families)
        self._tasks.keep_beside(found.run, "backups")

    def _recall_figures(self, engine: Engine) -> None:
        kept = self._ledger.read()
        if kept is not None:
            try:
                engine.restore(kept.plain, kept.aged_seconds, self._loop.time())
            except UNREADABLE as fault:
                self._ledger.put_aside(f"{type(fault).__name__}: {fault}")

    # --- what the core orders ---------------------------------------------------------------------------------------

    def _make_links(self) -> None:
        for node in self._settings.node:
            secret = self._secrets.of(node.name)
            links = NodeLinks(
                node,
                secret=secret.password,
                system_name=secret.system_name,
                detection=self._settings.detection,
                post=self._seen,
            )
            links.may_act = self._pair.may_act if self._pair is not None else None
            links.observe_action = lambda action, result, seconds: self._metrics.observe_action(action, result.value, seconds)
            self._links[links.node] = links
        edges = {node: links for node, links in self._links.items() if links.is_edge}
        self._eyes = {node: EdgeEye(links, self._settings, self._seen) for node, links in edges.items()}
        self._ears = {node: AudioEar(links, self._seen) for node, links in edges.items()}
        self._hands = Hands(self._settings, self._links)

    def _doers(self) -> dict[type[Any], Any]:
        of_nodes = (SetRoute, SetVia, SetDrill, SetSwitch, RaiseCaller, RescueLeg, AttachDialog, HangUp, SetMember, CallSeat)
        deeds = dict.fromkeys(of_nodes, self._do)
        affected = (
            self._register.doers(self._links, self._seen, self._tasks.spawn, self._messengers.lines) if self._register is not None else {}
        )
        return {
            InformCallers: self._cannot_inform,
            TestCalls: self._call_paths,
            **deeds,
            **affected,
            **self._messengers.doers(),
            CallHook: self._call_hook,
            AskEdge: self._ask,
            SampleAudio: self._sample,
            ProbeNode: self._probe,
            ListEdge: self._list,
            ListNode: self._list,
            Record: self._write_history,
            Report: self._teller.report,
            Answer: self._teller.answer,
            Errand: self._errands.take,
        }

    def _do(self, deeds: list[Deed]) -> None:
        self._tasks.spawn(self._do_and_tell(deeds), "deeds")

    async def _do_and_tell(self, deeds: list[Deed]) -> None:
        for outcome in await self._hands.do(deeds):
            self._seen(outcome)

    def _cannot_inform(self, orders: list[InformCallers]) -> None:
        for order in orders:
            self._seen(Carried(order.order, is_done=False, said="the register cannot be used: its key ring is missing or faulty"))

    def _call_paths(self, orders: list[TestCalls]) -> None:
        for order in orders:
            self._tasks.spawn(self._path_calls.call(order), f"test-calls-{order.order}")

    def _call_hook(self, wishes: list[CallHook]) -> None:
        routing = self._settings.routing
        hook = ExecHook(self._settings.site.name, routing.exec, routing.exec_deadline)
        for wish in wishes:
            self._tasks.spawn(self._call_hook_and_tell(hook, wish), "routing-hook")

    async def _call_hook_and_tell(self, hook: ExecHook, wish: CallHook) -> None:
        if self._pair is None or self._pair.may_act():
            self._seen(await hook.call(wish))
        else:
            self._seen(Outcome(wish.effect_id, Result.FAILED, NOT_OURS))

    def _ask(self, questions: list[AskEdge]) -> None:
        for question in questions:
            self._tasks.spawn(self._eyes[question.edge].ask(question.node), "ask-edge")

    def _sample(self, questions: list[SampleAudio]) -> None:
        for question in questions:
            self._tasks.spawn(self._ears[question.edge].sample(question), "sample-audio")

    def _probe(self, orders: list[ProbeNode]) -> None:
        for order in orders:
            links = self._links[order.node]
            links.set_heartbeat(order.every_seconds)
            links.probe_now()
            self._probes.set_interval(order.node, order.every_seconds)
            self._probes.probe_now(order.node)

    def _list(self, orders: list[ListEdge | ListNode]) -> None:
        for order in orders:
            self._links[order.edge if isinstance(order, ListEdge) else order.node].list_now()

    def _write_history(self, records: list[Record]) -> None:
        self._tasks.spawn(self._journal.append(*records), "history")

    # --- what is seen -----------------------------------------------------------------------------------------------

    def _seen(self, event: Event) -> None:
        if isinstance(event, LinkUp | LinkLost):
            self._metrics.set_link(event.node, event.path, connected=isinstance(event, LinkUp))
            if isinstance(event, LinkUp):
                self._readiness.link_is_up(event.node)
        if self._runner is not None:
            self._runner.post(event)

    def _turned_away(self, user: str, verb: str, code: str) -> None:
        """A request that never reached the core is written down like one that did."""
        self._tasks.spawn(self._journal.append(Record("command_refused", {"user": user, "verb": verb, "code": code})), "audit")

    def view(self) -> SiteView:
        if self._runner is None:
            raise RuntimeError("not started")
        return self._runner.view()

    def _beat(self, lag_seconds: float) -> None:
        self._metrics.observe_loop_lag(lag_seconds)
        now = self._loop.time()
        if now >= self._watchdog_at:  # not every beat: a socket that nobody has read yet holds ten words
            self._watchdog_at = now + WATCHDOG_SECONDS
            self._notifier.watchdog()

    async def _count(self) -> None:
        """Carry the links' counts into the metrics, and keep the state on MQTT fresh where nothing was reported."""
        while True:
            for node, links in self._links.items():
                self._metrics.count_events(node, links.events - self._counted.get(node, 0))
                self._counted[node] = links.events
            self._mqtt.state_changed()
            view = self.view()
            status = f"{view.mode.value}, {view.serving} serves, epoch {view.epoch}"
            if view.pair is not None:
                status += ", we act" if view.pair.is_acting else f", stands by for {view.pair.peer}"
            if status != self._told_status:
                self._told_status = status
                self._notifier.status(status)
            await asyncio.sleep(COUNT_SECONDS)

    def _fail(self) -> None:
        if not self.ended.is_set():
            self.has_failed = True
            self.ended.set()


def _standing(recovered: Recovered) -> Standing | None:
    route = recovered.route.data if recovered.route else None
    return standing(route, recovered.open_failover.data if recovered.open_failover else None)
