"""4-interfaces: fixed names, base units, closed label sets; "when a fact is unknown there is no sample, never a 0 or -1"."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bench.large_site import site_of_series
from cti_daemon.model.effects import Record, Report
from cti_daemon.model.reasons import Mode
from cti_daemon.model.settings import Mqtt, Settings
from cti_daemon.shell.journal import Journal
from cti_daemon.shell.metrics import Metrics
from cti_daemon.shell.mqtt import MOST_WAITING, MqttBridge
from cti_daemon.wire.exposition import SERIES_A_PIECE
from cti_daemon.wire.site_metrics import MOST_SERIES
from tests.shell.conftest import Picture

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scrape(metrics: Metrics) -> Samples:
    return {
        (s.name, tuple(sorted(s.labels.items()))): s.value
        for family in text_string_to_metric_families("".join(metrics.pieces()))
        for s in family.samples
    }


def one(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, tuple(sorted(labels.items()))))


def test_the_picture_of_the_site_is_what_is_exported(settings: Settings, picture: Picture) -> None:
    samples = scrape(Metrics(settings, picture))
    assert one(samples, "cti_node_state", node="pbx-a", state="healthy") == 1
    assert one(samples, "cti_node_state", node="pbx-a", state="down") == 0
    assert one(samples, "cti_mode", mode="normal") == 1
    assert one(samples, "cti_mode", mode="failed_over") == 0
    assert one(samples, "cti_serving", node="pbx-a") == 1
    assert one(samples, "cti_serving", node="pbx-b") == 0
    assert one(samples, "cti_epoch") == 1
    assert one(samples, "cti_edge_legs", node="pbx-a", state="talking") == 7
    assert one(samples, "cti_calls", node="pbx-a", state="talking") == 7
    assert one(samples, "cti_calls", node="pbx-b", state="talking") == 0
    assert one(samples, "cti_seat_mirror_difference", node="pbx-b") == 1
    assert one(samples, "cti_queue_waiting", queue="hotline") == 2
    assert one(samples, "cti_queue_longest_wait_seconds", queue="hotline") == 3.5
    assert one(samples, "cti_seats", queue="hotline", state="in_call") == 1
    assert one(samples, "cti_seats", queue="hotline", state="paused") == 0
    assert one(samples, "cti_security_events_total", node="edge1", kind="Newchannel") == 3
    assert one(samples, "cti_ami_connected", node="pbx-a", path="a") == 0
    assert any(name == "cti_build_info" for name, _ in samples)


def test_what_happened_to_a_queues_callers_is_exported(settings: Settings, picture: Picture) -> None:
    """ "Histograms with an edge at every service-level threshold"; a window's ratio over nothing has no sample."""
    samples = scrape(Metrics(settings, picture))
    assert one(samples, "cti_queue_offered_total", queue="hotline") == 120
    assert one(samples, "cti_queue_calls_total", queue="hotline", outcome="short_abandoned") == 5
    assert one(samples, "cti_queue_calls_total", queue="hotline", outcome="overflowed") == 0
    assert one(samples, "cti_queue_answer_seconds_bucket", queue="hotline", le="15.0") == 90
    assert one(samples, "cti_queue_answer_seconds_bucket", queue="hotline", le="+Inf") == 100
    assert one(samples, "cti_queue_answer_seconds_sum", queue="hotline") == 812.5
    assert one(samples, "cti_queue_abandon_seconds_count", queue="hotline") == 15
    assert one(samples, "cti_talk_seconds_count", queue="hotline") == 100
    assert one(samples, "cti_queue_service_level_ratio", queue="hotline", formula="answered_and_abandoned") == 12 / 19
    assert one(samples, "cti_queue_service_level_ratio", queue="hotline", formula="asterisk") is None
    assert one(samples, "cti_queue_asa_seconds", queue="hotline", window="15m") == 8.25
    assert one(samples, "cti_queue_connect_ratio", queue="hotline", window="1d") == 0.8
    assert one(samples, "cti_queue_occupancy_ratio", queue="hotline", window="1d") is None
    assert one(samples, "cti_queue_service_level_seconds", queue="hotline") == 15


def test_a_pause_hides_neither_the_routing_nor_what_is_withheld(settings: Settings, picture: Picture) -> None:
    picture.fail_over()
    picture.now = replace(picture.now, mode=Mode.PAUSED, routing_mode=Mode.FAILED_OVER, withheld="failover to emg")
    samples = scrape(Metrics(settings, picture))
    assert (one(samples, "cti_mode", mode="paused"), one(samples, "cti_mode", mode="failed_over")) == (1, 0)
    assert one(samples, "cti_routing_mode", mode="failed_over") == 1
    assert one(samples, "cti_routing_mode", mode="paused") is None
    assert one(samples, "cti_withheld") == 1


def test_a_failover_shows_in_the_next_scrape(settings: Settings, picture: Picture) -> None:
    metrics = Metrics(settings, picture)
    picture.fail_over()
    metrics.observe_detection(0.08)
    metrics.observe_reroute(0.12)
    samples = scrape(metrics)
    assert one(samples, "cti_mode", mode="failed_over") == 1
    assert one(samples, "cti_serving", node="pbx-b") == 1
    assert one(samples, "cti_failovers_total", reason="node_dead", result="done") == 1
    assert one(samples, "cti_rescued_calls_total", result="done") == 9
    assert one(samples, "cti_failover_detection_seconds_bucket", le="0.1") == 1
    assert one(samples, "cti_failover_detection_seconds_bucket", le="0.05") == 0
    assert one(samples, "cti_failover_reroute_seconds_sum") == pytest.approx(0.12)


def test_what_is_not_known_has_no_sample(settings: Settings, picture: Picture) -> None:
    picture.lose_sight_of_queue()
    samples = scrape(Metrics(settings, picture))
    unseen = {"cti_queue_waiting", "cti_queue_longest_wait_seconds", "cti_seats", "cti_calls", "cti_seat_mirror_difference"}
    assert not [key for key in samples if key[0] in unseen]
    assert one(samples, "cti_queue_offered_total", queue="hotline") == 120
    assert one(samples, "cti_node_evidence_age_seconds", node="edge1", evidence="link_a") == 0.1
    assert one(samples, "cti_node_evidence_age_seconds", node="edge1", evidence="link_b") is None
    assert all(value >= 0 for value in samples.values())


def test_labels_stay_a_closed_set_whatever_a_forger_or_a_user_writes(settings: Settings, picture: Picture) -> None:
    counters: dict[tuple[str, ...], int] = dict.fromkeys((("edge1", f"Kind{n}") for n in range(1000)), 1)
    counters[("edge1", 'a"\n+8613812345678')] = 5
    picture.now = replace(picture.now, counters={"security_events": counters})
    metrics = Metrics(settings, picture)
    for n in range(500):
        metrics.count_command(f"verb-{n}", "rejected")
    metrics.count_command("status", "ok")
    samples = scrape(metrics)
    kinds = [value for (name, _), value in samples.items() if name == "cti_security_events_total"]
    assert len(kinds) <= MOST_SERIES + 1
    assert sum(kinds) == 1005
    assert one(samples, "cti_mqtt_commands_total", verb="other", result="rejected") == 500
    assert one(samples, "cti_mqtt_commands_total", verb="status", result="ok") == 1
    assert "13812345678" not in "".join(metrics.pieces())


async def test_the_journal_is_exported(settings: Settings, picture: Picture, tmp_path: Path) -> None:
    metrics, journal = Metrics(settings, picture), Journal(tmp_path / "journal.sqlite")
    metrics.watch_journal(journal)
    await journal.open()
    await journal.append(Record("a", {}), Record("b", {}))
    await journal.close()
    samples = scrape(metrics)
    assert one(samples, "cti_journal_entries_total") == 2
    assert one(samples, "cti_journal_backlog") == 0
    assert one(samples, "cti_journal_errors_total") == 0
    assert one(samples, "cti_journal_write_seconds_count") == 1


async def test_what_waits_for_the_broker_is_exported_where_there_is_one(settings: Settings, picture: Picture) -> None:
    metrics = Metrics(settings, picture)
    assert not any(name.startswith("cti_mqtt_backlog") for name, _ in scrape(metrics))
    bridge = MqttBridge(settings.model_copy(update={"mqtt": Mqtt(port=1)}), None, lambda _: None, picture)
    metrics.watch_mqtt(bridge)
    for number in range(MOST_WAITING + 7):
        bridge.report(Report("verdict", "info", f"number {number}"))
    samples = scrape(metrics)
    assert one(samples, "cti_mqtt_connected") == 0
    assert one(samples, "cti_mqtt_backlog") == MOST_WAITING
    assert one(samples, "cti_mqtt_dropped_total") == 7


def test_links_events_actions_and_lag_are_counted(settings: Settings, picture: Picture) -> None:
    metrics = Metrics(settings, picture)
    metrics.set_link("pbx-a", "b", connected=True)
    metrics.count_events("pbx-a", 40)
    metrics.observe_action("Redirect", "done", 0.002)
    metrics.observe_loop_lag(0.02)
    samples = scrape(metrics)
    assert one(samples, "cti_ami_connected", node="pbx-a", path="b") == 1
    assert one(samples, "cti_ami_events_total", node="pbx-a") == 40
    assert one(samples, "cti_ami_action_seconds_bucket", action="Redirect", result="done", le="0.0025") == 1
    assert one(samples, "cti_event_loop_lag_seconds_bucket", le="0.025") == 1


async def test_a_large_page_lets_the_loop_run_between_its_pieces(settings: Settings) -> None:
    """ "Rendered without disturbing the loop": at ten thousand series everything else has its turn after every few hundred."""
    metrics, turns, ended = Metrics(settings, lambda: site_of_series(10_000)), 0, False

    async def others() -> None:
        nonlocal turns
        while not ended:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    page = await metrics.page()
    ended = True
    await beside
    series = sum(not line.startswith(b"#") for line in page.splitlines())
    assert 9_000 <= series <= 11_000
    assert turns >= series / SERIES_A_PIECE
