"""All of NumPy tried on Values, and the page docs/numpy.md that says what comes of it.

`python -m tests.autodiff.numpy_table` writes the page, from its mark on; the text above is written
by hand.  What differs between versions of NumPy is why the page names the one it was written with.
"""

import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from autodiff.arrays import INSTEAD
from tests.autodiff.trials import Call, Function, array, one, trials

PAGE = Path(__file__).resolve().parents[2] / "docs" / "numpy.md"
MARK = "<!-- written by `python -m tests.autodiff.numpy_table` from here on -->"
VERSION = ".".join(np.__version__.split(".")[:2])
MODULES = {"": np, "linalg.": np.linalg, "fft.": np.fft, "ndarray.": np.ndarray}

# These read and write files and settings, run tests, or look into memory.
LEFT_ALONE = set(
    """add_docstring add_newdoc add_newdoc_ufunc byte_bounds byteswap DataSource deprecate
    deprecate_with_doc disp dump dumps empty empty_like errstate frombuffer fromfile fromregex
    fromstring genfromtxt get_include info load loadtxt lookfor memmap nditer nested_iters
    newbyteorder printoptions recfromcsv recfromtxt safe_eval save savetxt savez
    savez_compressed set_numeric_ops set_printoptions set_string_function setbufsize seterr
    seterrcall show_config show_runtime source test tofile who""".split()
)

UNARY: list[Call] = [lambda f, a: f(a.x), lambda f, a: f(a.m)]
BINARY: list[Call] = [
    lambda f, a: f(a.x, a.y), lambda f, a: f(a.x, 2.0), lambda f, a: f(2.0, a.x),
    lambda f, a: f(a.x, 2), lambda f, a: f([1.0, 2.0, 3.0], a.x), lambda f, a: f(a.m, a.m + 1.0),
]  # fmt: skip


def _listed(f: Function, a: Any) -> Any:
    return f([a.x, a.y])


ANY: list[Call] = [
    *UNARY, lambda f, a: f(a.x, a.y), _listed, lambda f, a: f(a.m, a.m + 1.0),
    lambda f, a: f(a.x, 2), lambda f, a: f(a.m, axis=1),
]  # fmt: skip
_GRID, _SHARE = [0.0, 1.0, 2.0], [lambda f, a: f(a.x, 0.3), lambda f, a: f(a.m, 0.3, axis=1)]
_HALVES: list[Call] = [lambda f, a: f(a.m, 2)]
_COLUMNS: list[Call] = [*ANY, lambda f, a: f(a.m, axis=0)]


def _in_place(*arguments: Function) -> list[Call]:
    """The call of a function that changes its first argument, a vector or the matrix."""

    def call(f: Function, a: Any) -> Any:
        target, *rest = [argument(a) for argument in arguments]
        f(target, *rest)
        return target

    return [call]


# Calls of what takes something else.
CALLS: dict[str, list[Call]] = {
    "apply_along_axis": [lambda f, a: f(lambda row: row * row, 0, a.m)],
    "apply_over_axes": [lambda f, a: f(np.sum, a.m, [0])],
    "astype": [lambda f, a: f(a.x, np.float64)],
    "choose": [lambda f, a: f([0, 1, 0], [a.x, a.y])],
    "clip": [lambda f, a: f(a.x, 0.35, 0.7), lambda f, a: f(a.x, 0.35, a.y + 0.07)],
    "copyto": _in_place(lambda a: a.x, lambda a: a.y),
    "einsum": [lambda f, a: f("i,i->", a.x, a.y), lambda f, a: f("ij,jk->ik", a.m, a.m)],
    "fill_diagonal": _in_place(lambda a: a.m, lambda a: a.y[0]),
    "fromiter": [lambda f, a: f(list(a.x), float)],
    "frompyfunc": [lambda f, a: f(lambda x: x * x, 1, 1)(a.x)],
    "full": [lambda f, a: f((2, 2), np.ravel(a.x)[0])],
    "full_like": [lambda f, a: f(a.x, np.ravel(a.x)[0])],
    "hsplit": _HALVES,
    "insert": [lambda f, a: f(a.x, 1, a.y[0])],
    "interp": [lambda f, a: f(a.x, _GRID, [1.0, 2.0, 4.0]), lambda f, a: f(0.5, _GRID, [a.x] * 3)],
    "intersect1d": [lambda f, a: f(a.x, a.x)],
    "linalg.cholesky": [lambda f, a: f(a.m @ a.m.T)],
    "linalg.matrix_power": [lambda f, a: f(a.m, 3), lambda f, a: f(a.m, -1)],
    "linalg.norm": [*ANY, *[lambda f, a, p=p: f(a.x, p) for p in (1, 3, np.inf, -np.inf, 0)]],
    "linalg.tensorinv": [lambda f, a: f(a.m, 1)],
    "linalg.tensorsolve": [lambda f, a: f(a.m, a.m[0])],
    "moveaxis": [lambda f, a: f(a.m, 0, 1)],
    "nanpercentile": _SHARE,
    "nanquantile": _SHARE,
    "nanstd": _COLUMNS,
    "ndarray.astype": [lambda f, a: f(a.x, float)],
    "ndarray.clip": [lambda f, a: f(a.x, 0.35, 0.7)],
    "ndarray.fill": _in_place(lambda a: a.x, lambda a: a.y[0]),
    "ndarray.item": [lambda f, a: f(a.x, 1)],
    "ndarray.partition": _in_place(lambda a: a.x, lambda a: 1),
    "ndarray.put": _in_place(lambda a: a.x, lambda a: [0], lambda a: a.y),
    "ndarray.reshape": [lambda f, a: f(a.m, (4,))],
    "ndarray.sort": _in_place(lambda a: a.x),
    "ndarray.std": _COLUMNS,
    "ndarray.swapaxes": [lambda f, a: f(a.m, 0, 1)],
    "ndarray.take": [lambda f, a: f(a.x, [0, 1])],
    "percentile": _SHARE,
    "piecewise": [lambda f, a: f(a.x, [a.x > 0.5], [lambda x: x * x, lambda x: -x])],
    "place": _in_place(lambda a: a.x, lambda a: a.x > 0.5, lambda a: a.y),
    "poly1d": [lambda f, a: f(a.x)(2.0), lambda f, a: f([1.0, 2.0, 3.0])(a.x)],
    "polyfit": [lambda f, a: f(a.x, a.y, 1)],
    "put": _in_place(lambda a: a.x, lambda a: [0], lambda a: a.y),
    "put_along_axis": _in_place(lambda a: a.x, lambda a: [0], lambda a: a.y[0], lambda a: 0),
    "putmask": _in_place(lambda a: a.x, lambda a: a.x > 0.5, lambda a: a.y),
    "quantile": _SHARE,
    "reshape": [lambda f, a: f(a.m, (4,))],
    "select": [lambda f, a: f([np.asarray(a.x) > 0.5], [a.x], a.y)],
    "split": _HALVES,
    "std": _COLUMNS,
    "swapaxes": [lambda f, a: f(a.m, 0, 1)],
    "take": [lambda f, a: f(a.x, [0, 0])],
    "take_along_axis": [lambda f, a: f(a.m, np.array([[0], [1]]), 1)],
    "vectorize": [lambda f, a: f(lambda x: x * x)(a.x)],
    "vsplit": _HALVES,
    "where": [lambda f, a: f(np.asarray(a.x) > 0.5, a.x, a.y)],
}  # fmt: skip

# What to write instead, as an expression of the arguments x and y.  For an array of Values:
EXPRESSIONS = {
    **INSTEAD,
    "amax": "autodiff.max(x.ravel())",
    "amin": "autodiff.min(x.ravel())",
    "allclose": "(abs(x - y) <= 1e-8 + 1e-5 * abs(y)).all()",
    "angle": "autodiff.where(x < 0.0, math.pi, x * 0.0)",
    "arctan2": "autodiff.atan2(x, y)",
    "atan2": "autodiff.atan2(x, y)",
    "float_power": "x ** y",
    "fmax": "autodiff.maximum(autodiff.where(x != x, y, x), autodiff.where(y != y, x, y))",
    "fmin": "autodiff.minimum(autodiff.where(x != x, y, x), autodiff.where(y != y, x, y))",
    "hypot": "autodiff.hypot(x, y)",
    "isclose": "abs(x - y) <= 1e-8 + 1e-5 * abs(y)",
    "isfinite": "abs(x) < math.inf",
    "isinf": "abs(x) == math.inf",
    "isnan": "x != x",
    "isneginf": "x == -math.inf",
    "isposinf": "x == math.inf",
    "logaddexp": "autodiff.logaddexp(x, y)",
    "max": "autodiff.max(x.ravel())",
    "maximum": "autodiff.maximum(x, y)",
    "min": "autodiff.min(x.ravel())",
    "minimum": "autodiff.minimum(x, y)",
    "nan_to_num": "autodiff.where(x != x, 0.0, x)",
    "nanmax": "autodiff.max(x[x == x])",
    "nanmin": "autodiff.min(x[x == x])",
    "ptp": "autodiff.max(x.ravel()) - autodiff.min(x.ravel())",
}
_LINE = "`s = numpy.sort(x)`, then `s[k] + t * (s[k + 1] - s[k])`"
_OF_ARRAYS = "it works on an array: `numpy.{}(numpy.array([x]))`"
# What to write instead, in words.
WORDS = {
    "all": "`bool(x)`", "any": "`bool(x)`",
    "clip": "`autodiff.clip(x, low, high)`", "ndarray.clip": "`autodiff.clip(x, low, high)`",
    "corrcoef": "`dx = x - x.mean()` and `dy = y - y.mean()`, then "
    "`dx @ dy / (dx @ dx * (dy @ dy)) ** 0.5`",
    "cov": "`(x - x.mean()) @ (y - y.mean()) / (len(x) - 1)`",
    "geomspace": "`numpy.exp(numpy.linspace(numpy.log(x), numpy.log(y)))`",
    "gradient": "`numpy.diff(x)`",
    "interp": "`y0 + (x - x0) * (y1 - y0) / (x1 - x0)` with the two points around x",
    "isscalar": "`isinstance(x, Value)`",
    "linalg.norm": "`(abs(x) ** p).sum() ** (1 / p)`",
    "linalg.vector_norm": "`(abs(x) ** p).sum() ** (1 / p)`",
    "nanpercentile": _LINE, "nanquantile": _LINE, "percentile": _LINE, "quantile": _LINE,
    "nanmedian": "`numpy.median(x[x == x])`",
    "ndarray.max": "`autodiff.max(x.ravel())`", "ndarray.min": "`autodiff.min(x.ravel())`",
    "ndarray.ptp": "`autodiff.max(x.ravel()) - autodiff.min(x.ravel())`",
    "polydiv": "the division by hand: `x[0] / y[0]` is the first coefficient",
    "sign": "`(x > 0.0) * 1.0 - (x < 0.0)`, which makes 0 of nan",
    "sinc": _OF_ARRAYS.format("sinc"), "std": _OF_ARRAYS.format("std"),
    "var": _OF_ARRAYS.format("var"),
}  # fmt: skip

# Where NumPy asks nobody but compares the elements of an array with Python's operators, and what
# comes of it: the only answers that are not those of floats and that nothing stops.
_EXTREMES = """amax amin max min maximum minimum fmax fmin ptp linalg.norm ndarray.max ndarray.min
    ndarray.ptp""".split()
_SETS = """unique unique_all unique_counts unique_inverse unique_values union1d setdiff1d
    setxor1d intersect1d""".split()
_SORTED = "sort msort partition median ndarray.sort ndarray.partition".split()
KNOWN = {
    "equals": {*_EXTREMES, *_SORTED, *"""nanmax nanmin nanmedian quantile percentile nanquantile
        nanpercentile histogram2d histogramdd""".split()},
    "nan": {*_EXTREMES, "clip", "ndarray.clip"},
    "order": {*_SETS, *_SORTED, *"""argsort argmax argmin argpartition ndarray.argsort
        ndarray.argmax ndarray.argmin ndarray.argpartition""".split()},
    "flat": {"std", "nanstd", "ndarray.std"},
    "truth": {*"""all any alltrue sometrue logical_and logical_or ndarray.all
        ndarray.any""".split()},
    "isscalar": {"isscalar"},
    "unchanged": {"nan_to_num"},
}  # fmt: skip
MEANING = {
    "equals": "one of several equals takes the whole gradient",
    "nan": "nan is lost, and NumPy warns",
    "order": "nan may end up anywhere",
    "flat": "the gradient is nan if all are equal",
    "truth": "the answer is one of the Values, as with Python's `and` and `or`",
    "isscalar": "the answer is False",
    "unchanged": "nan stays",
    "": "WRONG",
}
# Of NumPy's many types of numbers those that differ here, and that every platform has.
TYPES = {"bool_", "complex128", "float32", "float64", "int64", "object_"}


def functions() -> dict[str, Function]:
    """All that is public and callable, by names such as `linalg.norm` and `ndarray.std`."""
    found: dict[str, Function] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names that NumPy will drop
        for prefix, module in MODULES.items():
            for name in sorted(set(dir(module)) - LEFT_ALONE):
                f = getattr(module, name, None)
                number = isinstance(f, type) and issubclass(f, np.generic) and name not in TYPES
                if callable(f) and not name.startswith("_") and not number:
                    found[prefix + name] = f
    return found


def calls(name: str, f: Function, inputs: Function) -> list[Call]:
    """The calls that `f` is tried with; a list of Values is an array of them."""
    if isinstance(f, np.ufunc) and not f.signature:
        return UNARY if f.nin == 1 else BINARY
    return [call for call in CALLS.get(name, ANY) if inputs is array or call is not _listed]


def _kind(name: str, point: str, what: str) -> str:
    """Which of `KNOWN` it is that a call gave something else than floats give; "" for none."""
    kinds = {
        "gradient": ["equals"] if point == "equals" else [],
        "nan": ["flat"],
        "warned": ["nan", "truth"],
        "number": ["nan", "order", "unchanged"] if point == "nan" else ["order"],
        "shape": ["order"] if point == "nan" else [],
    }[what]
    kinds += ["truth", "isscalar"] if what == "number" else []
    return next((kind for kind in kinds if name in KNOWN[kind]), "")


class Answers(NamedTuple):
    """What came of all calls of one function.

    Attributes:
        right: Whether some gave what floats give.
        refused: The errors of those that were refused.
        wrong: `(kind, example)` of those that gave something else; the kinds are those of `KNOWN`.
    """

    right: bool
    refused: list[str]
    wrong: list[tuple[str, str]]

    def cell(self) -> str:
        """The answers as a cell of the table."""
        words = sorted({MEANING[kind] for kind, _ in self.wrong})
        cell = f"works, but {'; '.join(words)}" if self.right and words else "; ".join(words)
        if self.refused:
            return f"{cell or 'works'}; else refused" if self.right or words else "refused"
        return cell or ("works" if self.right else "–")


def answers(name: str, f: Function, inputs: Function) -> Answers:
    """What comes of `f` of an array of Values, or of one."""
    right, refused, wrong = False, [], []
    for point, text in trials(calls(name, f, inputs), f, inputs):
        what, _, rest = text.partition(": ")
        if what == "right":
            right = True
        elif what == "refused":
            refused.append(rest)
        else:
            wrong.append((_kind(name, point, what), f"{name}, {point}: {text}"))
    return Answers(right, refused, wrong)


def all_answers() -> dict[str, tuple[Answers, Answers]]:
    """name -> what comes of an array of Values, and of one Value."""
    return {
        name: (
            answers(name, f, array),
            Answers(False, [], []) if name.startswith("ndarray.") else answers(name, f, one),
        )
        for name, f in functions().items()
    }


def _advice(name: str, refused: bool) -> str:
    if name in EXPRESSIONS:
        return "`" + EXPRESSIONS[name].replace("|", "\\|") + "`"
    return WORDS.get(name, "`v.data`, the numbers" if refused else "–")


def table(found: dict[str, tuple[Answers, Answers]]) -> str:
    """The generated part of the page."""
    rows: dict[tuple[str, ...], list[str]] = {}
    lists: dict[str, list[str]] = {"works": [], "–": []}
    for name, both in found.items():
        cells = {each.cell() for each in both}
        if cells <= {"works", "–"}:
            lists[max(cells, key=len)].append(name)
        else:
            advice = _advice(name, any(each.refused for each in both))
            rows.setdefault((both[0].cell(), both[1].cell(), advice), []).append(name)
    lines = [
        "| function | of an array of Values | of one Value | write instead |",
        "|---" * 4 + "|",
    ]
    for cells, names in rows.items():
        lines.append(f"| {_names(names)} | {' | '.join(cells)} |")
    works, without = (_names(lists[kind]) for kind in ("works", "–"))
    return (
        f"\nWith NumPy {VERSION}. Functions that do not work, or not always:\n\n"
        + "\n".join(lines)
        + f"\n\nThese work:\n{works}.\n\nThese take no such numbers, or give none:\n{without}.\n"
    )


def _names(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def page(found: dict[str, tuple[Answers, Answers]]) -> str:
    """The whole page, as it should be."""
    by_hand, mark, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    if not mark:
        raise ValueError(f"{PAGE} needs the line {MARK}")
    return by_hand + mark + "\n" + table(found)


if __name__ == "__main__":
    PAGE.write_text(page(all_answers()), encoding="utf-8")
