"""Quickprop follows Fahlman's program, and BlendedMomentum is not the momentum of 1986."""

import random

import pytest

from autodiff import Value
from nn import MLP, SGD, AllCorrect, BlendedMomentum, Neuron, Quickprop, fan_in, fit, xor


def fahlman(x, gradients, lr, mu, decay, n):
    """The loop of his program, with its branches, for one weight and given gradients."""
    last = before = 0.0
    path = []
    for g in gradients:
        slope = -g - decay * x
        step = 0.0
        if last > 0.0:
            if slope > 0.0:
                step += lr * slope / n
            if slope > mu / (1.0 + mu) * before:
                step += mu * last
            else:
                step += slope / (before - slope) * last
        elif last < 0.0:
            if slope < 0.0:
                step += lr * slope / n
            if slope < mu / (1.0 + mu) * before:
                step += mu * last
            else:
                step += slope / (before - slope) * last
        else:
            step += lr * slope / n
        x, last, before = x + step, step, slope
        path.append(x)
    return path


def moved(optimizer, parameter, gradients):
    path = []
    for g in gradients:
        parameter.grad = g
        optimizer.step()
        path.append(parameter.data)
    return path


@pytest.mark.parametrize("seed", range(20))
def test_a_path_is_that_of_fahlmans_program(seed):
    source = random.Random(seed)
    gradients = [source.gauss(0.0, 1.0) for _ in range(40)]
    w = Value(source.uniform(-2.0, 2.0))
    expected = fahlman(w.data, gradients, 1.5, 1.75, 1e-4, 11)
    found = moved(Quickprop([w], lr=1.5, fan_in=[11]), w, gradients)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_where_two_slopes_are_equal_the_step_grows_by_mu_and_nothing_is_divided_by_zero():
    w = Value(0.0)
    path = moved(Quickprop([w], lr=1.0, mu=2.0, decay=0.0), w, [-1.0, -1.0, -1.0])
    assert path == [1.0, 4.0, 11.0]  # steps of 1, of 2 + 1 and of 6 + 1


def test_without_a_slope_nothing_moves():
    w = Value(3.0)
    assert moved(Quickprop([w], decay=0.0), w, [0.0, 0.0, 1.0, 0.0, 0.0])[1] == 3.0


def test_a_parabola_ends_at_its_bottom():
    w = Value(10.0)
    optimizer = Quickprop([w], lr=0.01, decay=0.0)
    for _ in range(12):
        optimizer.zero_grad()
        ((w - 3.0) ** 2).backward()
        optimizer.step()
    assert w.data == pytest.approx(3.0, abs=1e-6)


def test_many_parameters_move_as_each_alone():
    """The formula holds for a vector of parameters too, as an engine may keep them."""
    numpy = pytest.importorskip("numpy")
    source = random.Random(3)
    starts = [source.uniform(-1.0, 1.0) for _ in range(7)]
    rows = [[source.choice([-1.0, 0.0, 0.5, 1.0]) for _ in starts] for _ in range(15)]
    parameters = [Value(x) for x in starts]
    optimizer = Quickprop(parameters, lr=0.7, fan_in=[1, 2, 3, 4, 5, 6, 7])
    x, state = numpy.array(starts), tuple(numpy.array(optimizer.states).T)
    for row in rows:
        for parameter, g in zip(parameters, row):
            parameter.grad = g
        x, state = optimizer.update(x, numpy.array(row), state)
        optimizer.step()
        assert x.tolist() == [p.data for p in parameters]


def test_the_fan_in_counts_a_neurons_weights_and_its_bias():
    assert fan_in(MLP(3, [2, 1], seed=0)) == [4] * 8 + [3] * 3
    assert fan_in(Neuron(5, seed=0)) == [6] * 6


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mu": 0.0}, "mu is positive"),
        ({"decay": -1.0}, "decay is a number from 0 on"),
        ({"lr": -0.1}, "lr is a number from 0 on"),
        ({"fan_in": [1]}, "1 numbers for 2 parameters"),
        ({"fan_in": [1, 0]}, "at least 1, not 0"),
    ],
)
def test_a_setting_out_of_range_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Quickprop([Value(1.0), Value(2.0)], **settings)


def test_the_function_fan_in_in_place_of_its_result_is_refused():
    with pytest.raises(TypeError, match=r"not a function: pass fan_in\(model\)"):
        Quickprop([Value(1.0)], fan_in=fan_in)


def test_fit_learns_exclusive_or_with_quickprop():
    model = MLP(2, [2, 1], activation="tanh", output_activation="sigmoid", seed=1)
    history = fit(
        model, xor().X, xor().y, loss="half_squared_error", batch_size=None, epochs=200,
        optimizer=lambda parameters: Quickprop(parameters, lr=1.0), stop=[AllCorrect(0.4)],
        progress=False,
    )  # fmt: skip
    assert history.reason == "every error is below 0.4"


def test_blended_momentum_reaches_the_plain_step_and_the_form_of_1986_ten_times_it():
    blended, classic = Value(0.0), Value(0.0)
    moved(BlendedMomentum([blended], lr=0.1, alpha=0.9), blended, [1.0] * 200)
    moved(SGD([classic], lr=0.1, momentum=0.9), classic, [1.0] * 200)
    before = blended.data, classic.data
    moved(BlendedMomentum([blended], lr=0.1, alpha=0.9), blended, [1.0] * 200)
    # 200 steps of -lr g, less the first ones, which have yet to gather speed: 9 steps' worth.
    assert before[0] == pytest.approx(-0.1 * (200 - 9), rel=1e-6)
    assert before[1] == pytest.approx(-1.0 * (200 - 9), rel=1e-6)


def test_blended_momentum_is_the_form_of_1986_with_a_smaller_rate():
    source = random.Random(0)
    gradients = [source.gauss(0.0, 1.0) for _ in range(30)]
    blended, classic = Value(1.0), Value(1.0)
    one = moved(BlendedMomentum([blended], lr=0.5, alpha=0.75), blended, gradients)
    other = moved(SGD([classic], lr=0.125, momentum=0.75), classic, gradients)
    assert one == pytest.approx(other, rel=1e-12)


def test_an_inertia_of_one_is_refused():
    with pytest.raises(ValueError, match="alpha is from 0 to below 1"):
        BlendedMomentum([Value(0.0)], alpha=1.0)
