"""Documents with something else in one place: what files may hold that nobody saved."""

import json

# What a field may become; `...` leaves it out.
FORGERIES = [
    ..., None, True, False, 0, 1, -1, 2**31 - 1, 2**31, 2**63, 10**40, 0.5, 1e308, "", "x", "1",
    "\ud800", "nan", "0x1p99999", [], [[]], [0], [-1], [[0, 1]], ["a", "b"], [["a", "b"]] * 3, {},
    {"keys": None, "parts": []}, {"keys": ["a", "a"], "parts": [[], []]}, [[[[[]]]]],
]  # fmt: skip


def places(document, path=()):
    """The path to everything in a document."""
    inside = ()
    if isinstance(document, dict):
        inside = document.items()
    elif isinstance(document, list):
        inside = enumerate(document)
    for key, value in inside:
        yield (*path, key)
        yield from places(value, (*path, key))


def forge(document, path, content):
    """The document with something else in one place; a new one."""
    copied = json.loads(json.dumps(document))
    inside = copied
    for key in path[:-1]:
        inside = inside[key]
    if content is ...:
        del inside[path[-1]]
    else:
        inside[path[-1]] = content
    return copied
