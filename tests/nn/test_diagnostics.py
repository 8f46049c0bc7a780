"""Diagnostics: norms by layer, dead and saturated neurons, and advice that fits."""

import warnings

import pytest

from nn import (
    MLP,
    SGD,
    Module,
    Sequential,
    TrainingWarning,
    Watch,
    dead_relus,
    diagnose,
    fit,
    gradient_norms,
    moons,
    mse_loss,
    saturation,
    uniform,
    xor,
)

ROWS = [[1.0, 0.5], [-1.0, 2.0], [0.5, -0.5]]


def after_backward(model):
    mse_loss([model(row) for row in ROWS], [1.0, 0.0, -1.0]).backward()
    return model


def deep(activation, init, layers=12):
    widths = [4] * layers + [1]
    return after_backward(MLP(2, widths, activation=activation, init=init, seed=0))


def test_the_norm_of_a_layer_is_that_of_all_its_gradients():
    model = after_backward(MLP(2, [3, 1], seed=0))
    norms = gradient_norms(model)
    squares = [sum(p.grad**2 for p in layer.parameters()) for layer in model.layers]
    assert list(norms.values()) == pytest.approx([s**0.5 for s in squares], rel=1e-15)


def test_a_vanishing_gradient_is_named_with_what_to_try():
    found = diagnose(deep("sigmoid", uniform(0.5)), ROWS)
    (sentence,) = found.warnings
    assert sentence.startswith(
        "the gradient vanishes: that of layer1 is 4e-11 times that of layer12"
    )
    assert "try activation='relu' with init='he_uniform'" in sentence


def test_an_exploding_gradient_is_named_with_what_to_try():
    found = diagnose(deep(None, uniform(5.0)), ROWS)
    assert any(
        s.startswith("the gradient explodes: its norm in layer") and "clip_norm=1.0" in s
        for s in found.warnings
    )


@pytest.mark.parametrize(("activation", "layers"), [("tanh", 4), ("relu", 2)])
def test_a_sound_network_gets_no_advice(activation, layers):
    found = diagnose(deep(activation, None, layers), ROWS)
    assert found.warnings == ()
    assert str(found).endswith("no problem found")


def test_a_relu_is_dead_when_no_row_wakes_it():
    model = MLP(2, [3, 1], activation="relu", seed=0)
    for neuron, bias in zip(model.layers[0].neurons, (10.0, -100.0, -100.0), strict=True):
        neuron.b.data = bias
    assert dead_relus(model, ROWS) == {"layer0": [1, 2]}
    found = diagnose(after_backward(model), ROWS)
    assert found.dead == {"layer0": pytest.approx(2 / 3)}
    assert any(s.startswith("67% of the neurons of layer0 are dead: try") for s in found.warnings)


@pytest.mark.parametrize(
    ("activation", "edge"),
    [("tanh", 2.17823), ("sigmoid", 4.35646)],  # where the slope is 5 %
)
def test_a_unit_is_saturated_from_five_percent_of_the_steepest_slope(activation, edge):
    model = MLP(1, [1, 1], activation=activation, seed=0)
    neuron = model.layers[0].neurons[0]
    neuron.w[0].data, neuron.b.data = 1.0, 0.0
    rows = [[-edge - 1e-3], [-edge + 1e-3], [edge - 1e-3], [edge + 1e-3]]
    assert saturation(model, rows) == {"layer0": 0.5}


def test_saturation_is_named_with_what_to_try():
    found = diagnose(after_backward(MLP(2, [4, 1], init=uniform(50.0), seed=0)), ROWS)
    assert any("of the outputs of layer0 are saturated: try" in s for s in found.warnings)


def test_the_table_has_one_line_per_layer():
    lines = str(diagnose(after_backward(MLP(2, [3, 1], seed=0)), ROWS)).splitlines()
    assert [line.split()[0] for line in lines] == ["layer", "layer0", "layer1", "no"]


def test_watching_warns_once_about_each_problem():
    model = MLP(2, [2, 1], activation="relu", seed=0)
    for neuron in model.layers[0].neurons:
        neuron.b.data = -100.0
    watch = Watch(xor().X)
    with pytest.warns(
        TrainingWarning, match=r"epoch 1: 100% of the neurons of layer0 are dead"
    ) as w:
        fit(model, xor().X, xor().y, epochs=3, callbacks=[watch], progress=False)
    told = [str(each.message).partition(":")[2].split("are")[0] for each in w]
    assert len(told) == len(set(told))
    assert [epoch for epoch, _ in watch.found] == [1, 2, 3]


def test_watching_a_network_that_learns_is_silent():
    data = moons(20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(MLP(2, [4, 1], seed=0), data.X, data.y, epochs=3, callbacks=[Watch(data.X)],
            optimizer=lambda p: SGD(p, lr=0.1), progress=False)  # fmt: skip


def test_sequential_models_can_be_looked_into():
    model = Sequential(MLP(2, [3], output_activation=None, seed=0), MLP(3, [1], seed=1))
    assert list(gradient_norms(after_backward(model))) == ["layer0", "layer1"]


def test_a_model_without_layers_is_one_layer():
    class Single(Module):
        def __init__(self):
            self.inner = MLP(1, [1], seed=0)

    assert list(gradient_norms(Single())) == ["model"]
    with pytest.raises(TypeError, match=r"a Single has no \.layers to look into"):
        saturation(Single(), [[1.0]])


def test_looking_every_zero_epochs_is_refused():
    with pytest.raises(ValueError, match="every is at least 1 epoch"):
        Watch([[1.0]], every=0)
