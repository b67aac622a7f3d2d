"""cti-daemon: keeps a call centre's callers connected when a media server dies."""

__version__ = "0.1.0"
