"""aiohttp's server, without its client's certificates: aiohttp reads those of the whole world as soon as it is imported, 2.5 MB and a
fifth of a second of every start, and here it asks nobody anything. `http` takes it from here before anything else imports it."""

import os

_WHERE = "SSL_CERT_FILE"  # where OpenSSL looks for them
_theirs = os.environ.get(_WHERE)
os.environ[_WHERE] = os.devnull
try:
    from aiohttp import web
finally:
    if _theirs is None:
        del os.environ[_WHERE]
    else:
        os.environ[_WHERE] = _theirs

__all__ = ["web"]
