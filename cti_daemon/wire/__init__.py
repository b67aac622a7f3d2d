"""Bytes to words and back: no clock, no socket, no opinion."""
