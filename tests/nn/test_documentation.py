"""Every public name is documented: its arguments, formula, shapes, units, source, an example."""

import inspect

import pytest

import nn

NAMES = nn.__all__
# What a data set, a formula or a reader's common sense explains without an example.
WITHOUT_EXAMPLE = {
    "Stop", "Epoch", "History", "Optimizer", "Schedule", "Initialiser", "TrainingWarning", "Data",
    "Diagnosis",
}  # fmt: skip
SOURCES = {
    "Adagrad": "JMLR 12, 2011", "RMSprop": "lecture 6e", "Adam": "ICLR 2015", "AdamW": "ICLR 2019",
    "huber_loss": "1964", "half_squared_error": "Nature 323",
    "Adadelta": "2012", "Adamax": "ICLR 2015", "NAdam": "2016", "RAdam": "ICLR 2020",
    "OneCycleLR": "2017", "Dropout": "JMLR 15", "kl_div": "1951", "smooth_l1_loss": "ICCV 2015",
    "cross_entropy": "CVPR 2016", "clip_grad_norm_": "ICML 2013",
    "CosineAnnealingLR": "ICLR 2017", "InverseTimeLR": "1951", "AdaptiveLR": "1989",
    "NoImprovement": "1998", "RNNCell": "1990", "encoder": "1985", "spirals": "1988",
    "breast_cancer": "1995", "SGD": "ICML 2013", "Quickprop": "CMU-CS-88-162",
    "Rprop": "ICNN 1993", "BlendedMomentum": "Nature 323", "mirror_symmetry": "Nature 323",
    "family_trees": "Nature 323", "minimize": "Dembo, Steihaug",
}  # fmt: skip


def callables():
    return [name for name in NAMES if callable(getattr(nn, name))]


def test_the_public_names_are_all_there_and_none_twice():
    assert len(set(NAMES)) == len(NAMES)
    assert all(hasattr(nn, name) for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_has_a_docstring_of_its_own(name):
    thing = getattr(nn, name)
    assert thing.__doc__
    assert thing.__doc__ not in {b.__doc__ for b in getattr(thing, "__mro__", ())[1:]}


@pytest.mark.parametrize("name", callables())
def test_every_argument_is_explained(name):
    thing = getattr(nn, name)
    if name in ("Epoch", "Stop", "TrainingWarning"):  # nobody outside makes one
        return
    text = inspect.getdoc(thing)
    if "those of `" in text or "rguments as `" in text or "As of `" in text:
        return
    for parameter in inspect.signature(thing).parameters.values():
        assert parameter.name in text, f"{name}: {parameter.name}"


@pytest.mark.parametrize("name", [n for n in callables() if n not in WITHOUT_EXAMPLE])
def test_a_public_name_has_an_executed_example(name):
    text = inspect.getdoc(getattr(nn, name))
    assert ">>>" in text or "An example stands at" in text


@pytest.mark.parametrize("name", SOURCES)
def test_a_formula_from_the_literature_names_its_source(name):
    assert SOURCES[name] in " ".join(inspect.getdoc(getattr(nn, name)).split())


def test_nothing_heavy_is_imported_with_nn():
    import subprocess
    import sys

    code = "import sys, nn; print(*(set(sys.modules) & {'numpy', 'sklearn', 'matplotlib', 'tqdm'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
