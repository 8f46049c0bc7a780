"""The commands `draw` and `explain` of `python -m autodiff`.

Holds: `add_commands`.

May import: pictures, words, expression when a command runs.
"""

import argparse
import sys
from typing import Any

_EXAMPLE = '"tanh(x1*w1 + x2*w2 + b)" x1=2 x2=0 w1=-3 w2=1 b=6.88'


def add_commands(commands: Any) -> None:
    """Adds both commands to the subparsers of an `argparse` parser."""
    one = commands.add_parser(
        "draw", help="picture of an expression's graph",
        epilog=f"example: python -m autodiff draw {_EXAMPLE} -o neuron.svg",
    )  # fmt: skip
    _add_expression(one)
    one.add_argument(
        "-o", "--output", default="graph.svg", metavar="FILE",
        help="a name that ends in .svg, .png, .pdf, .dot or .html (default: graph.svg)",
    )  # fmt: skip
    one.add_argument("--direction", default="LR", choices=("LR", "RL", "TB", "BT"))
    one.add_argument("--forward", action="store_true", help="without the backward pass")
    one.add_argument("--steps", action="store_true", help="the backward pass step by step")
    one.set_defaults(run=_draw)
    one = commands.add_parser(
        "explain", help="the chain rule worked out on an expression",
        epilog=f"example: python -m autodiff explain {_EXAMPLE}",
    )  # fmt: skip
    _add_expression(one)
    one.add_argument("--latex", action="store_true", help="as LaTeX")
    one.set_defaults(run=_explain)


def _add_expression(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "expression", help="in Python's notation; one that begins with - needs a space in front"
    )
    parser.add_argument("numbers", nargs="*", metavar="NAME=NUMBER", help="as x=2")
    parser.add_argument("--number", default=".4g", metavar="FORMAT", help="of numbers, as .3f")


def _draw(options: argparse.Namespace) -> int:
    from autodiff.expression import assignments, evaluate
    from autodiff.pictures import draw

    try:
        root = evaluate(options.expression, assignments(options.numbers))
        if not options.forward:
            root.backward()
        picture = draw(
            root, direction=options.direction, number=options.number, steps=options.steps
        )
        path = picture.save(options.output)
    except (ValueError, RuntimeError, OSError) as error:
        return _failed(error)
    _say(f"wrote {path}", sys.stdout)
    if picture.trouble:
        _say(picture.trouble, sys.stderr)
        return 1
    return 0


def _explain(options: argparse.Namespace) -> int:
    from autodiff.expression import assignments, evaluate
    from autodiff.words import explain

    try:
        root = evaluate(options.expression, assignments(options.numbers))
        explanation = explain(root, number=options.number)
    except ValueError as error:
        return _failed(error)
    _say(explanation.latex if options.latex else explanation.text, sys.stdout)
    return 0


def _failed(error: Exception) -> int:
    _say(f"error: {error}", sys.stderr)
    return 2


def _say(text: str, stream: Any) -> None:
    """Prints what any console can show."""
    print(text.encode("ascii", "backslashreplace").decode("ascii"), file=stream)
