"""The backward pass as a sequence of moments, for the fronts that show it step by step.

Holds: `Moment` and `told`, which maps the recorded backward pass onto the boxes and links of a
scene.  The stepper and the animation both read these moments and nothing else.

May import: scene, words.  Knows neither SVG nor HTML.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from autodiff.pictures.scene import Scene
from autodiff.words.text import number
from autodiff.words.trace import Step

# More moments than this are nobody's patience: then one moment tells of a whole box.
_MOST_SINGLE, _MOST = 60, 240


@dataclass
class Moment:
    """What happens at one step.

    Attributes:
        sentence: In words, ASCII.
        head: The box whose gradient is passed on; None at the start.
        links: The links on which something flows, as the keys, in order.
        grads: The gradients that change: the number of an atom and its gradient from now on.
    """

    sentence: str
    head: int | None = None
    links: dict[int, None] = field(default_factory=dict)
    grads: dict[int, float] = field(default_factory=dict)


def told(scene: Scene, steps: list[Step], spec: str) -> list[Moment]:
    """The moments of a recorded backward pass on a scene."""
    teller = _Teller(scene, steps, spec)
    crossing = sum(teller.link_of(step) is not None for step in steps)
    root = len(scene.atoms) - 1
    name = scene.names[id(scene.root)]
    moments = [
        Moment("The forward pass is done. No gradient has arrived yet."),
        Moment(
            f"Start: d({name})/d({name}) = 1 -> {name}.grad = 1",
            scene.box_of[root], {}, {root: 1.0},
        ),
    ]  # fmt: skip
    for step in steps:
        teller.add(step, moments, single=crossing <= _MOST_SINGLE)
    if len(moments) > _MOST:
        moments = _shortened(moments)
    moments.append(Moment("Done: every gradient is the sum of all that has arrived."))
    return moments


class _Teller:
    def __init__(self, scene: Scene, steps: list[Step], spec: str) -> None:
        self._scene, self._spec = scene, spec
        self._number = {
            id(item): number for number, item in enumerate(scene.atoms.items)
            if item.__class__ is not float
        }  # fmt: skip
        self._links = {use: i for i, link in enumerate(scene.links) for use in link.uses}
        self._arrivals = Counter(id(step.operand) for step in steps)
        self._arrived: Counter[int] = Counter()

    def link_of(self, step: Step) -> int | None:
        """The link a step runs along; None if it stays inside a box."""
        return self._links.get((self._number[id(step.node)], step.position))

    def add(self, step: Step, moments: list[Moment], single: bool) -> None:
        """Adds a step: as a moment of its own, or to the last one of the same box."""
        link = self.link_of(step)
        head = self._scene.box_of[self._number[id(step.node)]]
        self._arrived[id(step.operand)] += 1
        last = moments[-1]
        if link is None or (not single and last.head == head and last.links):
            last.grads[self._number[id(step.operand)]] = step.total
            if link is not None:
                last.links[link] = None
            return
        sentence = self._sentence(step) if single else self._passing(head)
        grads = {self._number[id(step.operand)]: step.total}
        moments.append(Moment(sentence, head, {link: None}, grads))

    def _show(self, x: float) -> str:
        return number(x, self._spec)

    def _sentence(self, step: Step) -> str:
        out, x = (self._scene.names[id(each)] for each in (step.node, step.operand))
        local, incoming = self._show(step.local), self._show(step.incoming)
        said = (
            f"d({out})/d({x}) = {local}; {local} x {incoming} -> "
            f"{x}.grad += {self._show(step.contribution)}"
        )
        arrivals, now = self._arrivals[id(step.operand)], self._arrived[id(step.operand)]
        if arrivals == 1:
            return said
        done = ", complete" if now == arrivals else ""
        return f"{said}, now {self._show(step.total)} (arrival {now} of {arrivals}{done})"

    def _passing(self, head: int) -> str:
        name = self._scene.boxes[head].full_name
        return f"{name} passes its gradient on to what it was computed from"


def _shortened(moments: list[Moment]) -> list[Moment]:
    """One moment for each box, where it passes its gradient on for the last time."""
    merged: dict[Any, Moment] = {}
    for moment in moments:
        before = merged.pop(moment.head, Moment(moment.sentence, moment.head))
        before.links |= moment.links
        before.grads |= moment.grads
        merged[moment.head] = before
    return list(merged.values())
