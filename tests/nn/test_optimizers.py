"""Optimizers, schedules and clipping: PyTorch's paths, step by step, and what bad input is told."""

import inspect

import pytest

import nn
from autodiff import Value
from nn import (
    MLP,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    AdaptiveLR,
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    InverseTimeLR,
    LambdaLR,
    NAdam,
    RAdam,
    RMSprop,
    RNNCell,
    Rprop,
    StepLR,
    clip_grad_norm_,
    clip_grad_value_,
    mse_loss,
    vector_to_parameters,
)
from tests.nn.questions import OPTIMIZERS, SCHEDULES, SHOWN, START, STEPS, WEIGHTS, XOR

KINDS = {
    kind.__name__: kind
    for kind in (
        SGD, Adagrad, RMSprop, Adadelta, Adam, AdamW, Adamax, NAdam, RAdam, Rprop,
    )
}  # fmt: skip
RATES = {kind.__name__: kind for kind in (ConstantLR, StepLR, ExponentialLR, CosineAnnealingLR)}
TOLERANCE = 1e-12


def rosenbrock(parameters):
    x, y = parameters
    return 100.0 * (y - x * x) ** 2 + (1.0 - x) ** 2


def path(parameters, error, name, settings):
    """The parameters after each of 50 steps."""
    optimizer = KINDS[name](parameters, **settings)
    sign = -1.0 if settings.get("maximize") else 1.0
    points = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        (sign * error(parameters)).backward()
        optimizer.step()
        points.append([p.data for p in parameters])
    return points


def path_on_rosenbrock(case):
    name, settings, _ = OPTIMIZERS[case]
    return path([Value(x) for x in START], rosenbrock, name, settings)


def path_on_network(case):
    name, _, settings = OPTIMIZERS[case]
    model = MLP(2, [3, 1], seed=0)
    vector_to_parameters(WEIGHTS, model.parameters())

    def error(parameters):
        return mse_loss([model(x) for x, _ in XOR], [t for _, t in XOR])

    return path(model.parameters(), error, name, settings)


def same(points, others):
    # The absolute tolerance is for a weight of size 1 that happens to pass through 0.
    for point, other in zip(points, others, strict=True):
        assert point == pytest.approx(other, rel=TOLERANCE, abs=1e-15)


# --- against PyTorch ----------------------------------------------------------------------


@pytest.mark.parametrize("case", OPTIMIZERS)
def test_fifty_steps_on_rosenbrock_equal_pytorchs(case, pytorch):
    points = path_on_rosenbrock(case)
    same([points[step] for step in SHOWN], pytorch["rosenbrock"][case])


@pytest.mark.parametrize("case", OPTIMIZERS)
def test_fifty_steps_of_a_network_equal_pytorchs(case, pytorch):
    points = path_on_network(case)
    same([points[0], points[9], points[49]], pytorch["network"][case])


@pytest.mark.parametrize("case", OPTIMIZERS)
def test_both_paths_equal_those_of_the_pytorch_installed_here(case):
    pytest.importorskip("torch")
    from tests.nn import pytorch_answers as torch

    kind, valley, network = OPTIMIZERS[case]
    same(path_on_rosenbrock(case), torch.trajectory(kind, valley, START, torch.rosenbrock))
    same(path_on_network(case), torch.trajectory(kind, network, WEIGHTS, torch.network_error))


# What PyTorch 2.13 lists as defaults; what we do not have (foreach, capturable, ...) is left out.
DEFAULTS = {
    "SGD": {"lr": 1e-3, "momentum": 0, "dampening": 0, "weight_decay": 0, "nesterov": False},
    "Adagrad": {
        "lr": 1e-2, "lr_decay": 0, "weight_decay": 0, "initial_accumulator_value": 0, "eps": 1e-10,
    },
    "RMSprop": {
        "lr": 1e-2, "alpha": 0.99, "eps": 1e-8, "weight_decay": 0, "momentum": 0,
        "centered": False,
    },
    "Adadelta": {"lr": 1.0, "rho": 0.9, "eps": 1e-6, "weight_decay": 0},
    "Adam": {
        "lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0, "amsgrad": False,
        "decoupled_weight_decay": False,
    },
    "AdamW": {
        "lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 1e-2, "amsgrad": False,
    },
    "Adamax": {"lr": 2e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0},
    "NAdam": {
        "lr": 2e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0, "momentum_decay": 4e-3,
        "decoupled_weight_decay": False,
    },
    "RAdam": {
        "lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0,
        "decoupled_weight_decay": False,
    },
    "Rprop": {"lr": 1e-2, "etas": (0.5, 1.2), "step_sizes": (1e-6, 50.0)},
}  # fmt: skip
DEFAULTS = {name: settings | {"maximize": False} for name, settings in DEFAULTS.items()}
# What PyTorch has not: the paper's RPROP+.
OURS = {"Rprop": {"backtrack": False}}


def defaults(kind):
    parameters = inspect.signature(kind).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


@pytest.mark.parametrize("name", KINDS)
def test_settings_have_pytorchs_names_and_defaults(name):
    assert defaults(KINDS[name]) == DEFAULTS[name] | OURS.get(name, {})


@pytest.mark.parametrize("name", KINDS)
def test_the_pytorch_installed_here_has_the_same_defaults(name):
    torch = pytest.importorskip("torch")
    theirs = defaults(getattr(torch.optim, name))
    assert {key: theirs[key] for key in DEFAULTS[name]} == DEFAULTS[name]


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_has_pytorchs_learning_rates(name, pytorch):
    assert learning_rates(name) == pytest.approx(pytorch["schedules"][name], rel=TOLERANCE)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_has_the_learning_rates_of_the_pytorch_installed_here(name):
    pytest.importorskip("torch")
    from tests.nn import pytorch_answers as torch

    want = torch.learning_rates(name, SCHEDULES[name])
    assert learning_rates(name) == pytest.approx(want, rel=TOLERANCE)


def learning_rates(name):
    optimizer = SGD([Value(1.0)], lr=0.4)
    schedule = RATES[name](optimizer, **SCHEDULES[name])
    rates = []
    for _ in range(10):
        rates.append(optimizer.lr)
        schedule.step()
    return rates


@pytest.mark.parametrize("max_norm", [0.5, 13.0, 20.0])
def test_clipping_by_norm_equals_pytorchs(max_norm, pytorch):
    parameters = [Value(0.0) for _ in range(3)]
    for parameter, gradient in zip(parameters, (3.0, -4.0, 12.0), strict=True):
        parameter.grad = gradient
    assert clip_grad_norm_(parameters, max_norm) == 13.0
    want = pytorch["clip"][str(max_norm)]
    assert [p.grad for p in parameters] == pytest.approx(want, rel=TOLERANCE)


def test_a_recurrent_cell_has_pytorchs_states_and_gradients(pytorch):
    states, gradient = pytorch["recurrent"]
    cell = RNNCell(1, 2, seed=0)
    vector_to_parameters([0.5, 0.3, -0.2, 0.1, -0.8, 0.7, 0.1, -0.1], cell.parameters())
    ours = cell.unroll([[1.0], [-0.5], [0.25]])
    sum(ours[-1]).backward()
    for step, want in zip(ours, states, strict=True):
        assert [h.data for h in step] == pytest.approx(want, rel=1e-14)
    flat = [x for row in gradient for x in row]
    assert [p.grad for p in cell.parameters()] == pytest.approx(flat, rel=1e-13)


# --- one formula for numbers and vectors --------------------------------------------------


@pytest.mark.parametrize("case", OPTIMIZERS)
def test_the_formula_holds_for_vectors_of_parameters(case):
    numpy = pytest.importorskip("numpy")
    name, settings, _ = OPTIMIZERS[case]
    values = [Value(x) for x in START]
    one, other = KINDS[name](values, **settings), KINDS[name](values, **settings)
    vector, state = numpy.array(START), other.states[0]
    sign = -1.0 if settings.get("maximize") else 1.0
    for _ in range(10):
        one.zero_grad()
        (sign * rosenbrock(values)).backward()
        one.step()
        x, y = vector
        slopes = [-400.0 * x * (y - x * x) - 2.0 * (1.0 - x), 200.0 * (y - x * x)]
        other.steps += 1
        vector, state = other.advance(vector, sign * numpy.array(slopes), state)
    assert vector.tolist() == pytest.approx([v.data for v in values], rel=TOLERANCE)


# --- what all share -----------------------------------------------------------------------

EVERY = [
    kind
    for kind in vars(nn).values()
    if isinstance(kind, type) and issubclass(kind, nn.Optimizer) and kind is not nn.Optimizer
]


@pytest.mark.parametrize("kind", EVERY)
def test_climbing_on_minus_the_error_is_descending_on_the_error(kind):
    def steps(sign, **settings):
        parameters = [Value(x) for x in START]
        optimizer = kind(parameters, lr=1e-4, **settings)
        for _ in range(5):
            optimizer.zero_grad()
            (sign * rosenbrock(parameters)).backward()
            optimizer.step()
        return [p.data for p in parameters], optimizer.states

    assert steps(-1.0, maximize=True) == steps(1.0)


@pytest.mark.parametrize("kind", EVERY)
def test_what_an_optimizer_remembers_is_plain_numbers(kind):
    optimizer = kind([Value(1.0), Value(2.0)])
    optimizer.step()
    for number in [x for state in optimizer.states for x in state]:
        assert type(number) in (float, type(None))
    plain = (int, float, bool, tuple, type(None))
    kept = {k: x for k, x in vars(optimizer).items() if k not in ("parameters", "states")}
    assert all(type(x) in plain for x in kept.values())


def test_a_nan_gradient_gives_nan_parameters_and_no_other_error():
    for kind in EVERY:
        w = Value(1.0)
        optimizer = kind([w], lr=0.1)
        w.grad = float("nan")
        optimizer.step()
        assert w.data != w.data or kind in (nn.Quickprop, Rprop), kind


# --- by hand ------------------------------------------------------------------------------


def test_momentum_by_hand():
    """Willamette University, CS449: E = w^2 from w = 10, learning rate .8."""
    for momentum, want in ((0.0, [-6.0, 3.6, -2.16]), (0.1, [-6.0, 2.0, -0.4])):
        w = Value(10.0)
        optimizer = SGD([w], lr=0.8, momentum=momentum)
        weights = []
        for _ in range(3):
            optimizer.zero_grad()
            (w * w).backward()
            optimizer.step()
            weights.append(w.data)
        assert weights == pytest.approx(want, rel=1e-12)


def test_the_adaptive_rate_grows_while_the_error_falls_and_is_cut_when_it_rises():
    optimizer = SGD([Value(0.0)], lr=1.0)
    schedule = AdaptiveLR(optimizer, grow=1.1, cut=0.5)
    rates = []
    for loss in (5.0, 4.0, 3.0, 3.5, 3.5, 3.4):
        schedule.step(loss)
        rates.append(optimizer.lr)
    assert rates == pytest.approx([1.0, 1.1, 1.21, 0.605, 0.605, 0.6655], rel=1e-12)


def test_the_adaptive_rate_finds_a_rate_that_descends_where_the_first_one_diverges():
    def error_after(steps, adaptive):
        w = Value(1.0)
        optimizer = SGD([w], lr=1.2)  # beyond 1 the error of w^2 grows with every step
        schedule = AdaptiveLR(optimizer) if adaptive else None
        for _ in range(steps):
            optimizer.zero_grad()
            error = w * w
            error.backward()
            optimizer.step()
            if schedule:
                schedule.step(error.data)
        return w.data**2

    assert error_after(20, adaptive=False) > 100.0
    assert error_after(20, adaptive=True) < 1e-3


def test_inverse_time_halves_the_rate_after_one_over_gamma():
    optimizer = SGD([Value(0.0)], lr=0.8)
    schedule = InverseTimeLR(optimizer, gamma=0.25)
    for _ in range(4):
        schedule.step()
    assert optimizer.lr == 0.4


def test_clipping_by_value_cuts_each_gradient():
    parameters = [Value(0.0), Value(0.0), Value(0.0)]
    for parameter, gradient in zip(parameters, (3.0, -4.0, 0.5), strict=True):
        parameter.grad = gradient
    clip_grad_value_(parameters, 1.0)
    assert [p.grad for p in parameters] == [1.0, -1.0, 0.5]


# --- a step is whole ----------------------------------------------------------------------


class Interrupted(Value):
    """A parameter that cannot be written the first time."""

    __slots__ = ("written",)

    @property
    def data(self):
        return self._data

    @data.setter
    def data(self, number):
        if not hasattr(self, "written"):
            self.written = True
            raise KeyboardInterrupt
        self._data = number


def test_an_interrupted_step_leaves_parameters_and_state_as_they_were():
    parameters = [Value(1.0), Interrupted(2.0), Value(3.0)]
    optimizer = Adam(parameters, lr=0.1)
    for p in parameters:
        p.grad = 1.0
    with pytest.raises(KeyboardInterrupt):
        optimizer.step()
    assert [p.data for p in parameters] == [1.0, 2.0, 3.0]
    assert (optimizer.steps, optimizer.states) == (0, [Adam.first] * 3)
    optimizer.step()
    assert [p.data for p in parameters] == pytest.approx([0.9, 1.9, 2.9])


# --- bad input ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS.values())
@pytest.mark.parametrize("rate", [-0.1, float("nan"), float("inf")])
def test_a_learning_rate_that_makes_no_sense_is_refused(kind, rate):
    with pytest.raises(ValueError, match=f"lr is a number from 0 on, not {rate}"):
        kind([Value(1.0)], lr=rate)


def valueless():
    return SGD([Value(1.0)], lr=0.1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SGD([]), "no parameters: pass model.parameters"),
        (lambda: SGD([v := Value(1.0), v]), "one parameter twice"),
        (lambda: SGD([Value(1.0)], momentum=-1.0), "momentum is a number from 0 on"),
        (lambda: SGD([Value(1.0)], nesterov=True), "Nesterov's momentum needs momentum above 0"),
        (lambda: Adam([Value(1.0)], betas=(0.9, 1.0)), r"betas\[1\] is from 0 to below 1"),
        (lambda: Adagrad([Value(1.0)], eps=-1.0), "eps is a number from 0 on"),
        (lambda: Adadelta([Value(1.0)], rho=1.5), "rho is from 0 to 1, not 1.5"),
        (lambda: NAdam([Value(1.0)], momentum_decay=-1.0), "momentum_decay is a number from 0"),
        (lambda: clip_grad_norm_([Value(1.0)], -1.0), "max_norm is a number from 0 on"),
        (lambda: clip_grad_value_([Value(1.0)], -1.0), "clip_value is a number from 0 on"),
        (lambda: StepLR(valueless(), step_size=0), "step_size is at least 1 epoch"),
        (lambda: CosineAnnealingLR(valueless(), T_max=0), "T_max is at least 1 epoch"),
        (lambda: ConstantLR(valueless(), factor=2.0), "factor is from 0 to 1"),
        (lambda: ExponentialLR(valueless(), gamma=-1.0), "gamma is a number from 0 on"),
        (lambda: AdaptiveLR(valueless(), cut=0.0), "grow is from 1 and cut from 0 to 1"),
        (lambda: AdaptiveLR(valueless()).step(), "AdaptiveLR needs the epoch's loss"),
        (lambda: LambdaLR(valueless(), lambda t: -1.0), "the learning rate is a number from 0"),
    ],
)
def test_settings_out_of_range_are_refused_in_words(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SGD(MLP(1, [1], seed=0)), "takes parameters, not one MLP: pass model.parameters"),
        (
            lambda: SGD([{"params": [Value(1.0)], "lr": 0.1}]),
            "has no parameter groups: make an opt",
        ),
        (lambda: SGD([1.0, 2.0]), "takes Values, not float: pass model.parameters"),
        (lambda: SGD([Value(1.0)], lr=Value(0.1)), "lr takes a number, not a Value: write v.data"),
        (lambda: StepLR(0.1, 3), "a schedule takes an optimizer, not a float"),
    ],
)
def test_settings_of_the_wrong_type_are_refused_in_words(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_a_gradient_that_is_not_finite_is_not_clipped_into_something_else():
    a, b = Value(0.0), Value(0.0)
    a.grad, b.grad = float("inf"), 1.0
    with pytest.raises(ValueError, match="the norm of the gradient is inf"):
        clip_grad_norm_([a, b], 1.0)
    assert b.grad == 1.0
