"""What each node of a graph is called in words and pictures.

Holds: `names`, and `term`, a name as a part of a formula.  A node is called by its label, else by
its scope and operation, else v1, v2, ... in the order of the forward pass.  Two nodes never share
a name.

May import: text.  Knows of a node its label, scope and op.
"""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from autodiff.words.text import shortened

LONGEST = 40
_SINGLE = re.compile(r"[\w./#']+|\([^()]*\)")


def names(nodes: Iterable[Any]) -> dict[int, str]:
    """The name of each node, by `id(node)`; nodes in the order of the forward pass.

    Nodes that carry the same label are told apart by their scopes, else by `#2`, `#3`, ...

    >>> from autodiff import Value
    >>> a = Value(1.0, label="a")
    >>> b = a + a
    >>> c = Value(2.0, label="a")
    >>> [names([a, b, c])[id(node)] for node in (a, b, c)]
    ['a', 'v1', 'a#2']
    """
    nodes = list(nodes)
    labels = [shortened(node.label, LONGEST) if node.label else "" for node in nodes]
    count = Counter(labels)
    taken = {label for label, often in count.items() if often == 1 and label}
    used: Counter[str] = Counter()
    result: dict[int, str] = {}
    for node, label in zip(nodes, labels, strict=True):
        if count[label] == 1 and label:
            result[id(node)] = label
            continue
        base = label
        if node.scope:
            base = f"{shortened(node.scope, LONGEST)}.{label or node.op or 'x'}"
        # The first of several keeps the plain name; what has none is numbered from the start.
        name = base
        while not name or name in taken:
            used[base] += 1
            name = f"{base}#{used[base] + 1}" if base else f"v{used[base]}"
        taken.add(name)
        result[id(node)] = name
    return result


def term(name: str) -> str:
    """A name in a formula: in parentheses if it could be misread there.

    >>> term("w1"), term("x1*w1 + b")
    ('w1', '(x1*w1 + b)')
    """
    return name if _SINGLE.fullmatch(name) else f"({name})"
