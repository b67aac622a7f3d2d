"""The log: JSON lines under systemd and in pipes, readable on a terminal; caller numbers masked; written by a thread of its
own, because a full pipe or a stalled journald must not stop the loop that saves calls."""

import atexit
import logging
import os
import queue
import sys
import threading
from collections import OrderedDict
from typing import Any, TextIO

from typing_extensions import override

from cti_daemon.shell.plain_structlog import structlog
from cti_daemon.shell.privacy import masked_value

MOST_WAITING_LINES = 10_000
FLUSH_SECONDS = 1.0


def configure(level: str = "info", *, json: bool | None = None, stream: TextIO | None = None) -> None:
    """Set up structlog and the standard library's logging alike. `json` None: by what the stream is."""
    out = stream or sys.stderr
    as_json = wants_json(out) if json is None else json
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _mask,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=out.isatty(), pad_event_to=0)
    )
    writer = _Writer(out)
    writer.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old, _Writer):
            root.removeHandler(old)
            old.close()
    root.addHandler(writer)
    root.setLevel(level.upper())
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of one part of the house (`ami`, `journal`, …), as `cti.ami`: libraries have loggers too, and aiomqtt sets the
    level of one that is called `mqtt`."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(f"cti.{name}")
    return logger


def wants_json(stream: TextIO) -> bool:
    """Under systemd (JOURNAL_STREAM) and wherever no person looks on."""
    return "JOURNAL_STREAM" in os.environ or not stream.isatty()


class Repeats:
    """WARNING for the first failure of a kind, DEBUG for its repeats, INFO when it is over: a broker that is away for a night
    writes two lines, not forty thousand."""

    MOST_KEYS = 1024

    def __init__(self, log: structlog.stdlib.BoundLogger) -> None:
        self._log = log
        self._counts: OrderedDict[str, int] = OrderedDict()

    def failed(self, key: str, event: str, **fields: Any) -> None:
        count = self._counts.pop(key, 0) + 1
        self._counts[key] = count
        while len(self._counts) > self.MOST_KEYS:
            self._counts.popitem(last=False)
        if count == 1:
            self._log.warning(event, **fields)
        else:
            self._log.debug(event, repeats=count - 1, **fields)

    def well(self, key: str, event: str, **fields: Any) -> None:
        """Said once after failures, silent when there were none."""
        count = self._counts.pop(key, 0)
        if count:
            self._log.info(event, failures_before=count, **fields)


def _mask(_logger: structlog.typing.WrappedLogger, _name: str, fields: structlog.typing.EventDict) -> structlog.typing.EventDict:
    # `_record` and `_from_structlog` are structlog's own carriers and are removed before rendering
    return {k: v if k.startswith("_") else masked_value(v) for k, v in fields.items()}


class _Writer(logging.Handler):
    """Renders in the caller's thread and writes in its own. Lines that find the queue full are dropped and counted."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        try:
            self._descriptor: int | None = stream.fileno()
        except (OSError, ValueError):  # a stream in memory
            self._descriptor = None
        self._lines: queue.Queue[str | None] = queue.Queue(MOST_WAITING_LINES)
        self._dropped = 0
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    @override
    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.put_nowait(self.format(record))
        except queue.Full:
            self._dropped += 1
        except Exception:  # noqa: BLE001 - a field that cannot be rendered must not stop the one who logs
            self.handleError(record)

    @override
    def close(self) -> None:
        """Let the waiting lines out, but wait no longer than FLUSH_SECONDS for a stalled reader."""
        atexit.unregister(self.close)
        if self._thread.is_alive():
            try:
                self._lines.put_nowait(None)
            except queue.Full:
                return
            self._thread.join(FLUSH_SECONDS)
        super().close()

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            dropped, self._dropped = self._dropped, 0
            if dropped:
                line += f"\nlog: {dropped} lines were dropped because nobody read them in time"
            try:
                self._put_out(line + "\n")
            except (OSError, ValueError):
                continue  # the reader is gone; the daemon's work is not

    def _put_out(self, text: str) -> None:
        """Past the stream's own buffer: its lock, held by a thread that is stuck in a full pipe, would abort the interpreter's end."""
        if self._descriptor is None:
            self._stream.write(text)
            return
        rest = text.encode(errors="backslashreplace")
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
