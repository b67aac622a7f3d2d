"""Names of things. `NewType`s, so that a channel is never taken for a call token."""

from typing import NewType

NodeName = NewType("NodeName", str)
"""A configured Asterisk; equals the name of its endpoint on the edge."""

PathName = NewType("PathName", str)
"""A control network: `a` or `b`."""

Uniqueid = NewType("Uniqueid", str)
"""Asterisk's channel id, unique on one node. Opaque; it begins with the node's system name."""

ChannelName = NewType("ChannelName", str)
"""What AMI actions address (`PJSIP/carrier-00000001`). Guessable: state is never keyed by it."""

CallToken = NewType("CallToken", str)
"""`CTI_CALL`, SHA-1 of the edge leg's Uniqueid: names one caller on every node."""

QueueName = NewType("QueueName", str)
SeatName = NewType("SeatName", str)

Interface = NewType("Interface", str)
"""What a queue calls for a member (`PJSIP/seat12`): with the queue it names a membership."""

MemberKey = tuple[QueueName, Interface]

PATHS: tuple[PathName, PathName] = (PathName("a"), PathName("b"))
