"""Modules: parameters with names, shapes of calls, texts, and what bad input is told."""

import copy
import pickle
import random

import pytest

import autodiff
import nn
from autodiff import Value, dot, no_grad
from nn import (
    MLP,
    SGD,
    Layer,
    Module,
    Neuron,
    RNNCell,
    Sequential,
    parameters_to_vector,
    predict,
    vector_to_parameters,
)

# --- parameters ---------------------------------------------------------------------------


class Tied(Module):
    """Two uses of one weight, a list, a dictionary, and a result kept from the last call."""

    def __init__(self):
        self.first = Value(1.0)
        self.again = self.first
        self.parts = {"a": Value(2.0), "b": [Value(3.0)]}
        self.last = None

    def __call__(self, x):
        self.last = self.first * x + self.parts["a"]
        return self.last


def test_parameters_are_a_list_in_the_order_written():
    names = [name for name, _ in MLP(2, [2, 1], seed=0).named_parameters()]
    assert names == [
        "layers.0.neurons.0.w.0",
        "layers.0.neurons.0.w.1",
        "layers.0.neurons.0.b",
        "layers.0.neurons.1.w.0",
        "layers.0.neurons.1.w.1",
        "layers.0.neurons.1.b",
        "layers.1.neurons.0.w.0",
        "layers.1.neurons.0.w.1",
        "layers.1.neurons.0.b",
    ]
    assert type(MLP(2, [2, 1], seed=0).parameters()) is list


def test_a_shared_parameter_counts_once():
    assert [name for name, _ in Tied().named_parameters()] == ["first", "parts.a", "parts.b.0"]


def test_a_result_kept_on_a_module_is_no_parameter():
    module = Tied()
    module(3.0)
    assert len(module.parameters()) == 3


def test_zero_grad_sets_every_gradient_to_zero():
    model = MLP(2, [3, 1], seed=0)
    model([1.0, 2.0]).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert [p.grad for p in model.parameters()] == [0.0] * 13


def test_state_dict_goes_from_one_model_to_another():
    first, second = MLP(2, [3, 1], seed=0), MLP(2, [3, 1], seed=1)
    second.load_state_dict(first.state_dict())
    assert second([0.3, -0.7]).data == first([0.3, -0.7]).data


def test_a_state_of_another_architecture_names_the_first_mismatch_and_changes_nothing():
    model = MLP(2, [3, 1], seed=0)
    before = model.state_dict()
    with pytest.raises(ValueError, match=r"no parameter 'layers\.0\.neurons\.2\.w\.0'.*9 .*13"):
        model.load_state_dict(MLP(2, [2, 1], seed=0).state_dict())
    with pytest.raises(ValueError, match=r"no parameter 'layers\.0\.neurons\.3\.w\.0'"):
        model.load_state_dict(MLP(2, [4, 1], seed=0).state_dict())
    assert model.state_dict() == before


def test_a_state_with_something_else_than_a_number_changes_nothing():
    model = MLP(1, [1], seed=0)
    before = model.state_dict()
    with pytest.raises(TypeError, match="number"):
        model.load_state_dict({**before, "layers.0.neurons.0.b": "1.0"})
    assert model.state_dict() == before


def test_vectors_of_parameters_go_there_and_back():
    numpy = pytest.importorskip("numpy")
    model = MLP(2, [2, 1], seed=0)
    vector = numpy.arange(9.0)
    vector_to_parameters(vector, model.parameters())
    assert parameters_to_vector(model.parameters()) == vector.tolist()


def test_a_vector_of_another_length_is_refused():
    with pytest.raises(ValueError, match="2 numbers for 3 parameters"):
        vector_to_parameters([1.0, 2.0], MLP(2, [1], seed=0).parameters())


def test_modules_are_found_in_lists_too():
    names = [name for name, _ in MLP(1, [1, 1], seed=0).named_modules()]
    assert names == ["", "layers.0", "layers.0.neurons.0", "layers.1", "layers.1.neurons.0"]


@pytest.mark.parametrize("again", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_of_a_model_is_independent(again):
    model = MLP(2, [3, 1], output_activation="sigmoid", seed=0)
    other = again(model)
    other([1.0, 2.0]).backward()
    assert other([1.0, 2.0]).data == model([1.0, 2.0]).data
    assert not any(p.grad for p in model.parameters())


# --- modules in one another, in any way ---------------------------------------------------


class Part(Module):
    """Something that may hold anything."""

    def __init__(self, **things):
        self.w = Value(1.0)
        vars(self).update(things)


def with_parent():
    parent = Part()
    parent.children = [Part(parent=parent), Part(parent=parent)]
    return parent, 3


def itself():
    part = Part()
    part.again = part
    return part, 1


def two_in_each_other():
    first, second = Part(), Part()
    first.other, second.other = second, first
    return first, 2


def through_a_list_that_holds_itself():
    inner = [Part()]
    inner.append(inner)
    return Part(inner=inner), 2


def through_a_dictionary():
    part = Part()
    part.by_name = {"me": part, "other": (Part(), {"back": part})}
    return part, 2


def one_module_twice():
    layer = Layer(2, 2, seed=0)
    return Sequential(layer, layer), 6


def one_parameter_twice():
    part = Part(other=Part())
    part.other.w = part.w
    return part, 1


def a_result_that_is_kept():
    part = Part()
    part.last = part.w * 2.0
    return part, 1


def a_sequence_in_itself():
    model = Sequential(Layer(2, 1, seed=0), Layer(1, 1, seed=1))
    model.layers.append(model)
    return model, 5


def deep_chain():
    model = Part()
    for _ in range(10_000):
        model = Part(child=model)
    return model, 10_001


def deep_sequence():
    model = Sequential(Layer(1, 1, seed=0))
    for _ in range(1500):  # more than Python's stack; the names take the square of it
        model = Sequential(model)
    return model, 2


SHAPES = [
    with_parent, itself, two_in_each_other, through_a_list_that_holds_itself,
    through_a_dictionary, one_module_twice, one_parameter_twice, a_result_that_is_kept,
    a_sequence_in_itself, deep_chain, deep_sequence,
]  # fmt: skip


@pytest.mark.parametrize("make", SHAPES)
def test_each_parameter_of_modules_in_one_another_is_found_once(make):
    model, count = make()
    parameters = model.parameters()
    assert len(parameters) == len(set(map(id, parameters))) == count
    if make is with_parent:
        assert parameters == [model.w, *[child.w for child in model.children]]
        assert {id(p) for p in model.children[0].parameters()} == set(map(id, parameters))
    for parameter in parameters:
        parameter.grad = 1.0
    model.zero_grad()
    assert not any(parameter.grad for parameter in parameters)
    model.eval()
    assert not model.training
    assert model.train().training
    assert f"{count} parameters" in repr(model)
    assert len(repr(model)) < 5000
    other = copy.deepcopy(model)
    own = other.parameters()
    assert len(own) == count
    assert not {id(p) for p in own} & {id(p) for p in parameters}
    assert copy.copy(model).parameters()[0] is parameters[0]
    SGD(own, lr=0.1).step()


@pytest.mark.parametrize("make", [each for each in SHAPES if each is not deep_chain])
def test_modules_in_one_another_have_one_name_each(make):
    model, count = make()
    names = [name for name, _ in model.named_parameters()]
    assert len(names) == len(set(names)) == count
    modules = [module for _, module in model.named_modules()]
    assert len(modules) == len(set(map(id, modules)))
    other = copy.deepcopy(model)
    assert [name for name, _ in other.named_parameters()] == names
    state = {name: float(i) for i, name in enumerate(names)}
    other.load_state_dict(state)
    assert other.state_dict() == state


def test_a_copy_has_the_shape_of_the_original():
    parent, _ = with_parent()
    other = copy.deepcopy(parent)
    assert all(child.parent is other for child in other.children)
    twice = copy.deepcopy(one_module_twice()[0])
    assert twice.layers[0] is twice.layers[1]
    shared = copy.deepcopy(one_parameter_twice()[0])
    assert shared.other.w is shared.w
    both = copy.deepcopy([parent, parent.children[0]])
    assert both[0].children[0] is both[1]
    kept = copy.deepcopy(a_result_that_is_kept()[0])
    kept.last.backward()
    assert kept.w.grad == 2.0


class Slotted(Part):
    __slots__ = ("extra",)


class Listed(Part, list):
    pass


class Stateful(Part):
    def __getstate__(self):
        return {"w": self.w, "made": "by getstate"}

    def __setstate__(self, state):
        vars(self).update(state, filled="by setstate")


class OwnCopy(Part):
    def __deepcopy__(self, memo):
        return OwnCopy(copied=True)


def test_a_copy_goes_by_what_the_class_says():
    slotted = Slotted()
    slotted.extra = [slotted]
    other = copy.deepcopy(Part(inside=[slotted])).inside[0]
    assert other.extra == [other]
    listed = Listed()
    listed += [listed, 3.0]
    other = copy.deepcopy(listed)
    assert (other[0] is other, other[1], other is not listed) == (True, 3.0, True)
    assert copy.deepcopy(Part(inside=Stateful())).inside.filled == "by setstate"
    assert copy.deepcopy(Part(inside=OwnCopy())).inside.copied


def test_a_model_with_parents_is_pickled():
    parent, _ = with_parent()
    other = pickle.loads(pickle.dumps(parent))
    assert all(child.parent is other for child in other.children)


# --- what a model computes ----------------------------------------------------------------


def test_a_neuron_is_phi_of_one_dot_node_plus_the_bias():
    neuron = Neuron(2, "tanh", seed=0)
    x = [Value(2.0, label="x0"), Value(-1.0, label="x1")]
    output = neuron(x)
    net = output.parents[0]
    weighted, bias = net.parents
    assert (output.op, output.label) == ("tanh", "o")
    assert (net.op, net.label) == ("+", "net")
    assert bias is neuron.b
    assert weighted.op == dot([Value(1.0)], [1.0]).op
    assert weighted.parents == (*neuron.w, *x)


def test_nodes_and_parameters_carry_scope_and_label():
    model = MLP(2, [3, 1], seed=0)
    neuron = model.layers[0].neurons[2]
    assert (neuron.w[1].label, neuron.w[1].scope) == ("w1", "layer0/neuron2")
    assert (neuron.b.label, neuron.b.scope) == ("b", "layer0/neuron2")
    assert model([1.0, 2.0]).scope == "layer1/neuron0"


def test_a_network_equals_the_formula():
    model = MLP(2, [2, 1], activation="sigmoid", seed=0)
    vector_to_parameters([0.1, 0.2, 0.3, -0.4, 0.5, -0.6, 0.7, 0.8, -0.9], model.parameters())
    h0 = autodiff.sigmoid(0.1 * 2.0 + 0.2 * 3.0 + 0.3)
    h1 = autodiff.sigmoid(-0.4 * 2.0 + 0.5 * 3.0 - 0.6)
    assert model([2.0, 3.0]).data == pytest.approx(0.7 * h0 + 0.8 * h1 - 0.9, rel=1e-15)


def test_the_gradient_of_a_network_agrees_with_finite_differences():
    model = MLP(3, [4, 2, 2], activation="gelu", output_activation="softmax", seed=3)

    def loss(*parameters):
        a, b = model([0.5, -1.0, 2.0])
        return a.log() * 0.3 + b * b

    assert autodiff.gradcheck(loss, model.parameters())


def test_a_hidden_layer_of_one_neuron_works():
    assert isinstance(MLP(2, [1, 1, 1], seed=0)([1.0, 2.0]), Value)
    assert len(MLP(2, [1, 3], seed=0)([1.0, 2.0])) == 3


def test_several_outputs_are_a_list():
    outputs = MLP(2, [3], seed=0)([1.0, 2.0])
    assert type(outputs) is list
    assert len(outputs) == 3


def test_rows_may_be_tuples_arrays_or_lists_of_values():
    numpy = pytest.importorskip("numpy")
    model = MLP(2, [3, 1], seed=0)
    want = model([1.0, 2.0]).data
    values = [Value(1.0), Value(2.0)]
    for row in ((1, 2), numpy.array([1.0, 2.0]), values, numpy.array(values), iter([1.0, 2.0])):
        assert model(row).data == want


def test_nothing_is_recorded_under_no_grad():
    with no_grad():
        assert MLP(2, [3, 1], seed=0)([1.0, 2.0]).parents == ()


def test_a_function_of_ones_own_can_be_the_activation():
    model = MLP(1, [1, 1], activation=lambda v: v * v, seed=0)
    vector_to_parameters([3.0, 0.0, 1.0, 0.0], model.parameters())
    assert model([2.0]).data == 36.0


def test_softmax_acts_on_all_outputs_of_a_layer():
    outputs = MLP(2, [3], output_activation="softmax", seed=0)([1.0, 2.0])
    assert sum(o.data for o in outputs) == pytest.approx(1.0, abs=1e-15)


def test_sequential_passes_lists_on_and_unwraps_a_single_output():
    model = Sequential(Layer(2, 3, seed=0), Layer(3, 1, None, seed=1))
    inner = model.layers[0]([1.0, 2.0])
    assert model([1.0, 2.0]).data == model.layers[1](inner).data
    assert len(model.parameters()) == 13


def test_sequential_keeps_layers_of_one_name_apart_in_scopes():
    model = Sequential(Layer(1, 1, seed=0), Layer(1, 1, seed=0))
    output = model([1.0])
    assert output.scope == "1/layer0/neuron0"


# --- recurrent ----------------------------------------------------------------------------


def test_a_recurrent_cell_equals_its_formula():
    cell = RNNCell(1, 1, seed=0)
    vector_to_parameters([0.5, -0.7, 0.1], cell.parameters())
    h1 = autodiff.tanh(0.5 * 2.0 + 0.1)
    h2 = autodiff.tanh(0.5 * -1.0 - 0.7 * h1 + 0.1)
    states = cell.unroll([[2.0], [-1.0]])
    assert [step[0].data for step in states] == pytest.approx([h1, h2], rel=1e-15)


def test_gradients_flow_back_through_time():
    cell = RNNCell(2, 3, seed=1)
    sequence = [[1.0, 0.0], [0.5, -0.5], [0.0, 2.0]]
    assert autodiff.gradcheck(lambda *p: autodiff.sum(cell.unroll(sequence)[-1]), cell.parameters())


def test_truncation_cuts_the_gradient_and_keeps_the_numbers():
    cell = RNNCell(1, 2, seed=0)
    x = [Value(1.0), Value(1.0), Value(1.0)]
    whole = cell.unroll([[each] for each in x])[-1]
    cut = cell.unroll([[each] for each in x], truncate=2)[-1]
    assert [h.data for h in cut] == [h.data for h in whole]
    cut[0].backward()
    assert x[0].grad == x[1].grad == 0.0
    assert x[2].grad != 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda cell: cell([1.0, 2.0]), r"takes 1 inputs but the list has 2"),
        (lambda cell: cell([1.0], [0.0]), "2 states, but h has 1"),
        (lambda cell: cell.unroll([]), "the sequence is empty"),
        (lambda cell: cell.unroll([[1.0]], truncate=0), "truncate is at least 1 step"),
    ],
)
def test_a_recurrent_cell_refuses_what_does_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call(RNNCell(1, 2, seed=0))


# --- seeds and texts ----------------------------------------------------------------------


def test_the_seed_on_the_model_makes_the_same_model_again():
    model = MLP(3, [4, 1])
    assert MLP(3, [4, 1], seed=model.seed).state_dict() == model.state_dict()


def test_no_seed_takes_one_draw_from_the_global_stream():
    random.seed(1337)
    first = MLP(3, [4, 1])
    after = random.random()
    random.seed(1337)
    second = MLP(5, [9, 9, 2])
    assert second.seed == first.seed
    assert random.random() == after


def test_a_given_seed_leaves_the_global_stream_alone():
    state = random.getstate()
    MLP(3, [4, 1], seed=5)
    RNNCell(3, 4, seed=5)
    assert random.getstate() == state


def test_the_text_of_a_model_says_its_shape():
    assert repr(MLP(3, [4, 4, 1], seed=0)) == (
        "MLP(3 -> 4 -> 4 -> 1, tanh, output linear), 41 parameters\n"
        "  layer0: Layer(3 -> 4, tanh), 16 parameters\n"
        "  layer1: Layer(4 -> 4, tanh), 20 parameters\n"
        "  layer2: Layer(4 -> 1, linear), 5 parameters"
    )
    assert repr(RNNCell(1, 2, seed=0)) == "RNNCell(1 -> 2, tanh), 8 parameters"
    assert repr(Sequential(Layer(1, 1, seed=0), autodiff.softmax)).splitlines() == [
        "Sequential, 2 parameters",
        "  0: Layer(1 -> 1, tanh), 2 parameters",
        "  1: softmax",
    ]
    inner = Sequential(MLP(1, [1], seed=0), autodiff.softmax)
    assert repr(Sequential(inner, autodiff.softmax)).splitlines() == [
        "Sequential, 2 parameters",
        "  0: Sequential, 2 parameters",
        "    0: MLP(1 -> 1, tanh, output linear), 2 parameters",
        "      layer0: Layer(1 -> 1, linear), 2 parameters",
        "    1: softmax",
        "  1: softmax",
    ]


# --- bad input ----------------------------------------------------------------------------


def test_widths_that_are_no_list_are_shown_as_one():
    with pytest.raises(TypeError, match=r"give the widths as one list, MLP\(3, \[4, 4, 1\]\)"):
        MLP(3, 4, 4, 1)
    with pytest.raises(TypeError, match=r"give the widths as one list, MLP\(3, \[4\]\)"):
        MLP(3, 4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MLP(3, []), "at least one layer"),
        (lambda: MLP(3, [4, 0]), "at least 1, not 0"),
        (lambda: MLP(0, [4]), "at least 1, not 0"),
        (lambda: MLP(3, [4, 1], activation="tan"), "unknown activation 'tan'.*linear, tanh, sigm"),
        (lambda: MLP(3, [1], output_activation="sofmax"), "unknown activation.*log_softmax"),
        (lambda: MLP(3, [4, 1], activation="softmax"), "unknown activation 'softmax'"),
        (lambda: MLP(3, [1], init="xavier"), "unknown initialisation 'xavier'.*glorot_uniform"),
        (lambda: Sequential(), "at least one module"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MLP(3, [4, 1.5]), "a whole number, not 1.5"),
        (lambda: MLP("3", [4, 1]), "a whole number, not '3'"),
        (lambda: MLP(3, [4], seed=1.5), "a seed is an integer or None, not 1.5"),
        (lambda: Sequential(Layer(1, 1, seed=0), "tanh"), "modules and functions, not 'tanh'"),
    ],
)
def test_settings_of_the_wrong_type_are_refused(make, message):
    with pytest.raises(TypeError, match=message):
        make()


def models_of_three_inputs():
    return [
        Neuron(3, seed=0),
        Layer(3, 2, seed=0),
        MLP(3, [4, 4, 1], seed=0),
        Sequential(Layer(3, 1, seed=0)),
    ]


@pytest.mark.parametrize("model", models_of_three_inputs(), ids=lambda m: type(m).__name__)
def test_a_row_of_another_width_is_told_both_widths(model):
    with pytest.raises(ValueError, match="takes 3 inputs but the list has 2"):
        model([2.0, 3.0])


@pytest.mark.parametrize("model", models_of_three_inputs(), ids=lambda m: type(m).__name__)
def test_several_arguments_are_told_to_be_one_list(model):
    with pytest.raises(TypeError, match="got 3 arguments: pass one list of 3 numbers"):
        model(2.0, 3.0, 1.0)


@pytest.mark.parametrize("x", [2.0, Value(2.0), "abc", None, {"a": 1}])
def test_what_is_no_list_is_told_to_be_one(x):
    with pytest.raises(TypeError, match="pass one list of 3 numbers"):
        MLP(3, [1], seed=0)(x)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_rows_are_told_that_a_model_takes_one_example(rows):
    numpy = pytest.importorskip("numpy")
    X = [[1.0, 2.0, 3.0]] * rows
    for given in (X, numpy.array(X), list(numpy.array(X))):
        with pytest.raises(
            TypeError, match=r"takes one example: \[model\(x\) for x in X\] or predict\(model, X\)"
        ):
            MLP(3, [1], seed=0)(given)


def test_predict_is_what_the_message_promises():
    model = MLP(2, [3, 1], seed=0)
    X = [[1.0, 2.0], [0.0, -1.0]]
    assert predict(model, X) == [model(x).data for x in X]
    wide = MLP(2, [3], seed=0)
    assert predict(wide, X) == [[o.data for o in wide(x)] for x in X]


def test_a_module_in_the_lectures_style_may_list_its_parameters_itself():
    class Pair(Module):
        def __init__(self):
            self.neurons = [Neuron(2, seed=0), Neuron(2, seed=1)]

        def __call__(self, x):
            return [n(x) for n in self.neurons]

        def parameters(self):
            return [p for n in self.neurons for p in n.parameters()]

    pair = Pair()
    sum(pair([1.0, 2.0])).backward()
    assert all(p.grad != 0.0 for p in pair.parameters())
    pair.zero_grad()
    assert all(p.grad == 0.0 for p in pair.parameters())


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.MLP(2, [10**9, 1]), lambda: nn.MLP(10**9, [1]), lambda: nn.Layer(10**4, 10**4),
        lambda: nn.Neuron(10**30), lambda: nn.RNNCell(1, 10**4), lambda: nn.MLP(1, [10**4] * 10**3),
    ],
)  # fmt: skip
def test_a_model_that_fits_no_memory_is_refused_before_it_is_built(make):
    with pytest.raises(ValueError, match=r"weights, each a Value; at most 10,000,000 fit"):
        make()
