"""Published figures of learning, reproduced."""

import pytest

from autodiff import Value
from nn import MLP, SGD, Neuron, fit, half_squared_error, squared_error, xor

# --- Mazur, "A step by step backpropagation example", 2015 ---------------------------------

START = ((0.15, 0.20, 0.35), (0.25, 0.30, 0.35)), ((0.40, 0.45, 0.60), (0.50, 0.55, 0.60))
INPUTS, TARGETS = [0.05, 0.10], [0.01, 0.99]
# Recomputed in double precision by an independent program, to all digits.
GRADIENTS = [
    4.385677344743465e-4, 8.77135468948693e-4, 4.977127352608599e-4, 9.954254705217198e-4,
    0.08216704056423077, 0.08266762784753325, -0.02260254047747507, -0.022740242215978222,
]  # fmt: skip
# As printed on the page.
PRINTED = [
    0.149780716, 0.19956143, 0.24975114, 0.29950229,
    0.35891648, 0.408666186, 0.511301270, 0.561370121,
]  # fmt: skip


def mazur():
    """The network, and its eight weights; the biases stay as they are."""
    model = MLP(2, [2, 2], activation="sigmoid", output_activation="sigmoid", seed=0)
    for layer, start in zip(model.layers, START, strict=True):
        for neuron, (w0, w1, b) in zip(layer.neurons, start, strict=True):
            neuron.w[0].data, neuron.w[1].data, neuron.b.data = w0, w1, b
    return model, [w for layer in model.layers for neuron in layer.neurons for w in neuron.w]


def learn(model, optimizer, updates):
    for _ in range(updates):
        error = half_squared_error(model(INPUTS), TARGETS)
        optimizer.zero_grad()
        error.backward()
        optimizer.step()


def test_mazurs_outputs_error_and_gradients():
    model, weights = mazur()
    outputs = model(INPUTS)
    error = half_squared_error(outputs, TARGETS)
    error.backward()
    assert [o.data for o in outputs] == pytest.approx([0.75136507, 0.772928465], abs=5e-9)
    assert error.data == pytest.approx(0.2983711087600027, rel=1e-14)
    assert [w.grad for w in weights] == pytest.approx(GRADIENTS, rel=1e-12)


def test_mazurs_weights_after_one_update_to_the_last_printed_digit():
    model, weights = mazur()
    learn(model, SGD(weights, lr=0.5), 1)
    assert [w.data for w in weights] == pytest.approx(PRINTED, abs=5e-9)
    # Mazur prints .291027924, from output weights that moved before the hidden deltas.
    after = half_squared_error(model(INPUTS), TARGETS)
    assert after.data == pytest.approx(0.29102777369359933, rel=1e-12)


def test_mazur_after_ten_thousand_updates():
    model, weights = mazur()
    learn(model, SGD(weights, lr=0.5), 10_000)
    outputs = model(INPUTS)
    assert [o.data for o in outputs] == pytest.approx(
        [0.01591362044355068, 0.9840642735146238], rel=1e-12
    )
    error = half_squared_error(outputs, TARGETS)
    assert error.data == pytest.approx(3.510187782978859e-05, rel=1e-11)


# --- Stack Overflow, question 2359571: XOR by hand -----------------------------------------


def xor_by_hand():
    """2-2-1, logistic, all weights .6; the bias is a weight .6 of the constant input -1."""
    model = MLP(2, [2, 1], activation="sigmoid", output_activation="sigmoid", seed=0)
    for layer in model.layers:
        for neuron in layer.neurons:
            for w in neuron.w:
                w.data = 0.6
            neuron.b.data = -0.6
    return model


def test_xor_by_hand_over_three_epochs():
    model, errors = xor_by_hand(), []

    def record(epoch):
        pairs = zip(epoch.outputs, epoch.targets, strict=True)
        errors.append([abs(output - target) for output, target in pairs])

    fit(
        model, xor().X, xor().y, loss=half_squared_error, optimizer=lambda p: SGD(p, lr=0.1),
        epochs=3, batch_size=1, shuffle=False, callbacks=[record], progress=False,
    )  # fmt: skip
    assert list(map(max, errors)) == pytest.approx(
        [0.5435466682137927, 0.5435080531724404, 0.5434701135827593], rel=1e-12
    )
    assert [sum(each) / 4 for each in errors] == pytest.approx(
        [0.4999991292217466, 0.4999982558452263, 0.4999973799942081], rel=1e-12
    )


def test_xor_by_hand_weights_after_one_epoch_to_the_last_printed_digit():
    model = xor_by_hand()
    fit(
        model, xor().X, xor().y, loss=half_squared_error, optimizer=lambda p: SGD(p, lr=0.1),
        epochs=1, batch_size=1, shuffle=False, progress=False,
    )  # fmt: skip
    (first, second), (last,) = (layer.neurons for layer in model.layers)
    hidden, output = [0.599691, 0.599987, 0.599985], [0.599864, 0.599712, 0.599712]
    for neuron, want in ((first, hidden), (second, hidden), (last, output)):
        assert [-neuron.b.data, *[w.data for w in neuron.w]] == pytest.approx(want, abs=5e-7)


# --- the founding example ------------------------------------------------------------------


@pytest.mark.parametrize(("target", "loss", "slope"), [(1.0, 0.0, 0.0), (0.0, 1.0, 4.0)])
def test_one_relu_neuron(target, loss, slope):
    neuron = Neuron(1, "relu", seed=0)
    neuron.w[0].data, neuron.b.data = 0.5, 0.0
    error = squared_error(neuron([Value(2.0)]), target)
    error.backward()
    assert (error.data, neuron.w[0].grad) == (loss, slope)
