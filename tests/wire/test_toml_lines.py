"""config: every fault at once, with its line."""

import pytest

from cti_daemon.wire.toml_lines import TomlLines

TEXT = '''\
# head
[site]
name = "x"   # a [comment]

[[node]]
name = "one"
control = { a = "1", b = "2" }
[node.secret]
file = "s"
[[node]]
"quoted key" = [
  "a]", # not the end ]
  "b",
]
text = """
[[node]]
name = "not a key"
"""
name = "two"
a.b . c = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("site",), 2),
        (("site", "name"), 3),
        (("node", 0), 5),
        (("node", 0, "name"), 6),
        (("node", 0, "control", "b"), 7),
        (("node", 0, "secret"), 8),
        (("node", 0, "secret", "file"), 9),
        (("node", 1), 10),
        (("node", 1, "quoted key"), 11),
        (("node", 1, "name"), 19),
        (("node", 1, "a", "b", "c"), 20),
        (("node", 1, "missing"), 10),
        (("nothing",), None),
    ],
)
def test_a_key_is_found_on_its_line(path: tuple[str | int, ...], line: int | None) -> None:
    assert TomlLines(TEXT).of(path) == line


def test_a_value_is_found_on_the_last_line_that_is_no_comment() -> None:
    assert TomlLines('a = "v"\nb = "v"\n# "v"\n').last_mention("v") == 2
