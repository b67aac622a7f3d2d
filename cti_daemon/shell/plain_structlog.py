"""structlog, without rich: it would load it, and pygments, for tracebacks that are never drawn here; 3 MB of the daemon. `log` is
to take it from here before anything else imports it."""

import sys

_rich = sys.modules.get("rich")
sys.modules["rich"] = None  # type: ignore[assignment]  # how Python says: not to be had
try:
    import structlog
finally:
    del sys.modules["rich"]
    if _rich is not None:
        sys.modules["rich"] = _rich

__all__ = ["structlog"]
