"""Our own command line as an errand of the daemon: `python -m cti_daemon.shell.errand_child report …`. Behind the daemon on the processor,
and the first to go where memory runs out."""

import contextlib
from pathlib import Path

from cti_daemon.shell.notice_child import step_back

OOM_SCORE = 500


def main() -> None:
    step_back()
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))
    from cti_daemon.shell.cli import app  # noqa: PLC0415 - this second is spent behind the daemon

    app(prog_name="cti-daemon")


if __name__ == "__main__":
    main()
