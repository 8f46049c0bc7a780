"""Initial weights have the spread that the papers ask for."""

import random
from math import sqrt
from statistics import fmean, pstdev

import pytest

from nn import MLP, Layer, uniform
from nn.models.initialise import INITIALISERS

# (name, largest weight if uniform, standard deviation), for 50 inputs and 30 neurons.
SPREADS = [
    ("uniform", 0.1, 0.1 / sqrt(3.0)),
    ("glorot_uniform", sqrt(6.0 / 80.0), sqrt(2.0 / 80.0)),
    ("glorot_normal", None, sqrt(2.0 / 80.0)),
    ("he_uniform", sqrt(6.0 / 50.0), sqrt(2.0 / 50.0)),
    ("he_normal", None, sqrt(2.0 / 50.0)),
    ("lecun_uniform", sqrt(3.0 / 50.0), sqrt(1.0 / 50.0)),
    ("lecun_normal", None, sqrt(1.0 / 50.0)),
]


def weights(layer):
    return [w.data for neuron in layer.neurons for w in neuron.w]


@pytest.mark.parametrize(("name", "bound", "deviation"), SPREADS)
def test_the_spread_is_the_one_of_the_paper(name, bound, deviation):
    drawn = weights(Layer(50, 30, init=name, seed=0))
    # 1,500 draws: the standard deviation is known to 2 %, the mean to 3 % of it.
    assert pstdev(drawn) == pytest.approx(deviation, rel=0.06)
    assert abs(fmean(drawn)) < 0.09 * deviation
    if bound is None:
        assert max(map(abs, drawn)) > 2.5 * deviation
    else:
        assert 0.98 * bound < max(map(abs, drawn)) <= bound


def test_every_known_initialisation_is_tested():
    assert [name for name, _, _ in SPREADS] == list(INITIALISERS)


def test_biases_start_at_zero_but_for_small_uniform_weights():
    assert {n.b.data for n in Layer(3, 5, init="he_normal", seed=0).neurons} == {0.0}
    assert all(0.0 < abs(n.b.data) <= 0.3 for n in Layer(3, 5, init=uniform(0.3), seed=0).neurons)
    kept = Layer(3, 5, init=uniform(0.3, biases=False), seed=0)
    assert {n.b.data for n in kept.neurons} == {0.0}


@pytest.mark.parametrize(("activation", "bound"), [("relu", sqrt(6 / 50)), ("tanh", sqrt(6 / 80))])
def test_without_a_name_rectifiers_get_hes_and_the_rest_glorots(activation, bound):
    largest = max(map(abs, weights(Layer(50, 30, activation, seed=0))))
    assert 0.98 * bound < largest <= bound


def test_a_network_draws_all_layers_from_one_stream():
    model = MLP(3, [3, 3], seed=0)
    assert weights(model.layers[0]) != weights(model.layers[1])


@pytest.mark.parametrize("bound", [0.0, -1.0, float("inf"), float("nan")])
def test_a_bound_that_is_not_positive_is_refused(bound):
    with pytest.raises(ValueError, match="the bound of uniform weights is a positive number"):
        uniform(bound)


def test_a_network_of_any_initialisation_leaves_the_global_stream_alone():
    state = random.getstate()
    for name in INITIALISERS:
        MLP(2, [2], init=name, seed=0)
    assert random.getstate() == state
