"""What no client library sends: MQTT 5 packets by hand (OASIS MQTT 5.0, 3.1 and 3.3)."""

import socket


def _number(value: int) -> bytes:
    """A variable byte integer."""
    out = bytearray()
    while True:
        value, digit = divmod(value, 128)
        out.append(digit | (0x80 if value else 0))
        if not value:
            return bytes(out)


def _text(text: bytes) -> bytes:
    return len(text).to_bytes(2, "big") + text


def connect(user: str, password: str | None) -> bytes:
    flags = 0x82 | (0x40 if password is not None else 0)
    body = _text(b"MQTT") + bytes((5, flags, 0, 60, 0)) + _text(f"raw-{user}".encode()) + _text(user.encode())
    if password is not None:
        body += _text(password.encode())
    return b"\x10" + _number(len(body)) + body


def publish_head(topic: bytes, payload_bytes: int) -> bytes:
    """QoS 0; the payload follows."""
    variable = _text(topic) + b"\x00"
    return b"\x30" + _number(len(variable) + payload_bytes) + variable


def send_raw(port: int, user: str, password: str | None, topic: bytes, payload: bytes, repeat: int = 1) -> int:
    """Publish `payload` so many times over, as one message, and stay until the broker has read it or hung up; bytes that it took."""
    taken = 0
    with socket.create_connection(("127.0.0.1", port), timeout=30) as broker:
        broker.sendall(connect(user, password))
        broker.recv(1024)
        try:
            broker.sendall(publish_head(topic, len(payload) * repeat))
            for _ in range(repeat):
                broker.sendall(payload)
                taken += len(payload)
            broker.sendall(b"\xc0\x00")  # PINGREQ: its answer says that all before it was read
            broker.recv(1024)
        except OSError:
            return taken
    return taken
