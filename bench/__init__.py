"""Benchmarks: peers and limits beside us, in one run. `make bench`; not part of the tests."""
