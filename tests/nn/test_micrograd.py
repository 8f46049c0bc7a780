"""nn.micrograd beside micrograd 0.1.0: the same weights, outputs, gradients, losses and texts."""

import copy
import gc
import inspect
import math
import random

import micrograd.engine
import micrograd.nn
import pytest

import nn.micrograd
from autodiff import Value
from nn import fit, load, save

PEER, PEER_VALUE = micrograd.nn, micrograd.engine.Value
SIZES = [(2, [16, 16, 1]), (3, [4, 4, 1]), (1, [3]), (4, [2, 5])]


def seeded(module, n_in, widths):
    random.seed(1337)
    return module.MLP(n_in, widths)


@pytest.mark.parametrize(("n_in", "widths"), SIZES)
def test_the_same_seed_gives_the_same_weights_and_leaves_random_where_it_does(n_in, widths):
    theirs, after = seeded(PEER, n_in, widths), random.getstate()
    ours = seeded(nn.micrograd, n_in, widths)
    assert random.getstate() == after
    assert [p.data for p in ours.parameters()] == [p.data for p in theirs.parameters()]
    assert repr(ours) == repr(theirs)
    for a, b in zip(ours.layers, theirs.layers, strict=True):
        assert repr(a) == repr(b)
        assert [n.nonlin for n in a.neurons] == [n.nonlin for n in b.neurons]
        assert [repr(n) for n in a.neurons] == [repr(n) for n in b.neurons]


def nearly(numbers):
    return pytest.approx(numbers, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize(("n_in", "widths"), SIZES)
def test_outputs_and_gradients_are_the_same(n_in, widths):
    ours, theirs = seeded(nn.micrograd, n_in, widths), seeded(PEER, n_in, widths)
    x = [0.5 - i for i in range(n_in)]
    for model in (ours, theirs):
        outputs = model(x) if widths[-1] > 1 else [model(x)]
        (outputs[0] * 2.0 + sum(o**2 for o in outputs)).backward()
        model.outputs = [o.data for o in outputs]
    assert ours.outputs == nearly(theirs.outputs)
    assert [p.grad for p in ours.parameters()] == nearly([p.grad for p in theirs.parameters()])


def descent(value, model, steps):
    """The loop of micrograd's demo on two half moons: hinge loss, L2, a falling learning rate."""
    rng = random.Random(1)
    points, labels = [], []
    for i in range(16):
        angle, side = rng.uniform(0.0, math.pi), i % 2
        x, y = math.cos(angle), math.sin(angle)
        points.append([1.0 - x, 0.5 - y] if side else [x, y])
        labels.append(2 * side - 1)
    losses = []
    for k in range(steps):
        scores = list(map(model, [list(map(value, row)) for row in points]))
        hinges = [(1 + -y * score).relu() for y, score in zip(labels, scores, strict=True)]
        total = sum(hinges) * (1.0 / len(hinges)) + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * k / 100) * p.grad
        losses.append(total.data)
    return losses


def test_the_demos_descent_has_the_same_losses():
    gc.disable()  # micrograd is quicker so
    try:
        theirs = descent(PEER_VALUE, seeded(PEER, 2, [8, 8, 1]), 25)
    finally:
        gc.enable()
    ours = descent(Value, seeded(nn.micrograd, 2, [8, 8, 1]), 25)
    assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-13)
    assert ours[-1] < 0.5 * ours[0]


@pytest.mark.parametrize("name", ["Neuron", "Layer", "MLP"])
def test_arguments_have_micrograds_names(name):
    ours, theirs = getattr(nn.micrograd, name), getattr(PEER, name)
    for parameter in inspect.signature(theirs).parameters.values():
        if parameter.kind is not parameter.VAR_KEYWORD:  # Layer hands nonlin on
            assert inspect.signature(ours).parameters[parameter.name].default == parameter.default
    assert "nonlin" in inspect.signature(nn.micrograd.Layer).parameters


def test_a_neuron_becomes_linear_and_back():
    random.seed(0)
    neuron = nn.micrograd.Neuron(1, nonlin=False)
    x = [-math.copysign(1.0, neuron.w[0].data)]
    assert (repr(neuron), neuron(x).data < 0.0) == ("LinearNeuron(1)", True)
    neuron.nonlin = True
    assert (repr(neuron), neuron(x).data, neuron.nonlin) == ("ReLUNeuron(1)", 0.0, True)


def test_a_module_of_ones_own_with_parameters_as_micrograd_has_them():
    class Line(nn.micrograd.Module):
        def __init__(self):
            self.w, self.b = [Value(2.0)], Value(1.0)

        def parameters(self):
            return [*self.w, self.b]

    line = Line()
    line.w[0].grad = 3.0
    line.zero_grad()
    assert [p.grad for p in line.parameters()] == [0.0, 0.0]
    assert nn.micrograd.Module().parameters() == []


def test_it_is_fitted_copied_and_saved_like_any_model(tmp_path):
    model = seeded(nn.micrograd, 2, [3, 1])
    again = copy.deepcopy(model)
    fit(model, [[0.0, 1.0], [1.0, 0.5]], [1.0, -1.0], epochs=3, progress=False)
    assert again.state_dict() != model.state_dict()
    load(save(model, tmp_path / "model.json"), into=again)
    assert again.state_dict() == model.state_dict()


# --- nn's own classes, given micrograd's arguments ----------------------------------------


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: nn.Neuron(3, nonlin=False), "Neuron has no nonlin=: write activation=None"),
        (lambda: nn.Neuron(nin=3), "Neuron has no nin=: write the number of inputs first"),
        (lambda: nn.Layer(2, nout=3), "Layer has no nout=: write n_out="),
        (lambda: nn.Layer(nin=2, nout=3, nonlin=False), "Layer has no nin="),
        (lambda: nn.MLP(2, nouts=[3]), "MLP has no nouts=: write the widths second"),
        (lambda: nn.MLP(nin=2, nouts=[3]), "MLP has no nin="),
    ],
)
def test_micrograds_arguments_are_answered_with_both_ways_to_write_it(make, sentence):
    with pytest.raises(TypeError, match=rf"{sentence}.*from nn\.micrograd import \w+"):
        make()


def test_a_neuron_of_ours_tells_nonlin_and_how_to_change_it():
    neuron = nn.Neuron(2)
    assert neuron.nonlin and not nn.Neuron(2, activation=None).nonlin
    with pytest.raises(AttributeError, match=r"write neuron\.activation = None"):
        neuron.nonlin = False
