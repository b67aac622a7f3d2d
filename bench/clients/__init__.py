"""One reader a file: `python -m bench.clients.NAME PORT EVENTS` prints how long EVENTS events took, as JSON."""
