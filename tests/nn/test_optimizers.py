"""Optimizers, schedules and clipping: PyTorch's paths, step by step, and what bad input is told."""

import inspect
import json

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
    LinearLR,
    MultiStepLR,
    NAdam,
    OneCycleLR,
    RAdam,
    ReduceLROnPlateau,
    RMSprop,
    RNNCell,
    Rprop,
    SequentialLR,
    StepLR,
    clip_grad_norm_,
    clip_grad_value_,
    mse_loss,
    vector_to_parameters,
)
from nn.optim.schedules import rates
from tests.helpers import rosenbrock
from tests.nn.questions import (
    EPOCHS,
    EPOCHS_SHOWN,
    OPTIMIZERS,
    SCHEDULES,
    SHOWN,
    START,
    STEPS,
    WEIGHTS,
    XOR,
    learning_rates,
)

KINDS = {
    kind.__name__: kind
    for kind in (
        SGD, Adagrad, RMSprop, Adadelta, Adam, AdamW, Adamax, NAdam, RAdam, Rprop,
    )
}  # fmt: skip
TOLERANCE = 1e-12


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


def rates_of(case):
    """The learning rate of each epoch, from 0.4; of OneCycleLR with the momentum."""
    adam = case.endswith("Adam")
    optimizer = Adam([Value(1.0)], lr=0.4) if adam else SGD([Value(1.0)], lr=0.4, momentum=0.9)

    def look(optimizer):
        if not case.startswith("OneCycleLR"):
            return optimizer.lr
        return [optimizer.lr, optimizer.betas[0] if adam else optimizer.momentum]

    return learning_rates(case, optimizer, nn, look)


def close(ours, theirs):
    for our, their in zip(ours, theirs, strict=True):
        assert our == pytest.approx(their, rel=TOLERANCE)


@pytest.mark.parametrize("case", SCHEDULES)
def test_a_schedule_has_pytorchs_learning_rates(case, pytorch):
    rates = rates_of(case)
    close([rates[epoch] for epoch in EPOCHS_SHOWN], pytorch["schedules"][case])


@pytest.mark.parametrize("case", SCHEDULES)
def test_a_schedule_has_the_learning_rates_of_the_pytorch_installed_here(case):
    pytest.importorskip("torch")
    from tests.nn import pytorch_answers as torch

    close(rates_of(case), torch.rates_of(case))


SCHEDULE_NAMES = sorted({kind for chain in SCHEDULES.values() for kind, _ in chain} | {"LambdaLR"})


@pytest.mark.parametrize("name", SCHEDULE_NAMES)
def test_a_schedule_has_the_settings_of_the_pytorch_installed_here(name):
    torch = pytest.importorskip("torch")
    theirs = inspect.signature(getattr(torch.optim.lr_scheduler, name)).parameters
    ours = inspect.signature(getattr(nn, name)).parameters
    want = [(p.name, p.default) for p in theirs.values() if p.name != "last_epoch"]
    assert [(p.name, p.default) for p in ours.values()] == want


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


def test_the_text_of_an_optimizer_shows_its_settings_and_what_is_on():
    w = Value(1.0)
    assert repr(SGD([w], momentum=0.9)) == (
        "SGD(1 parameters, lr=0.001, momentum=0.9, dampening=0.0, nesterov=False)"
    )
    assert repr(Adadelta([w], weight_decay=0.1, maximize=True)) == (
        "Adadelta(1 parameters, lr=1.0, weight_decay=0.1, maximize=True, rho=0.9, eps=1e-06)"
    )


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


def test_a_rate_that_its_owner_halves_stays_halved():
    for case, chain in SCHEDULES.items():
        if len(chain) > 1 or not case.startswith(
            ("Const", "Linear", "Step", "Multi", "Exp", "Seq")
        ):
            continue
        found = []
        for factor in (1.0, 0.5):
            optimizer = SGD([Value(1.0)], lr=0.4, momentum=0.9)

            def look(optimizer, factor=factor, seen=found):
                optimizer.lr *= factor if len(seen) % EPOCHS == 5 else 1.0
                seen.append(optimizer.lr)
                return optimizer.lr

            learning_rates(case, optimizer, nn, look)
        whole, halved = found[:EPOCHS], found[EPOCHS:]
        assert halved[:5] == whole[:5]
        assert halved[5:] == pytest.approx([0.5 * lr for lr in whole[5:]], rel=TOLERANCE)


@pytest.mark.parametrize("case", SCHEDULES)
def test_the_rates_to_come_are_those_that_come(case):
    if "Plateau" in case or len(SCHEDULES[case]) > 1:
        return
    foretold = []

    def look(optimizer):
        return optimizer.lr

    class Told:
        """Our schedules, asked before the first step."""

        def __getattr__(self, name):
            def made(optimizer, **settings):
                schedule = getattr(nn, name)(optimizer, **settings)
                foretold[:] = rates(schedule, EPOCHS)
                return schedule

            return made

    seen = learning_rates(case, SGD([Value(1.0)], lr=0.4, momentum=0.9), Told(), look)
    assert seen == foretold


def test_what_a_schedule_remembers_is_plain():
    def look(optimizer):
        return None

    class Kept:
        def __getattr__(self, name):
            def made(optimizer, **settings):
                kept.append(getattr(nn, name)(optimizer, **settings))
                return kept[-1]

            return made

    kept = []
    for case in SCHEDULES:
        learning_rates(case, SGD([Value(1.0)], lr=0.4, momentum=0.9), Kept(), look)
    for schedule in kept:
        state = {k: x for k, x in vars(schedule).items() if k not in ("optimizer", "schedulers")}
        assert json.loads(json.dumps(state, allow_nan=False)) == state


def test_a_cycle_of_one_step_and_one_that_does_not_rise():
    for steps, start, want in ((1, 0.3, [4e-6]), (10, 0.1, [1.0]), (1, 0.0, [4e-6])):
        schedule = OneCycleLR(SGD([Value(1.0)]), 1.0, steps, pct_start=start)
        assert rates(schedule, 1) == pytest.approx(want, rel=TOLERANCE)


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


def sequence(*steps, milestones=()):
    optimizer = valueless()
    return SequentialLR(optimizer, [StepLR(optimizer, n) for n in steps], milestones)


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
        (lambda: LinearLR(valueless(), start_factor=0.0), "start_factor is above 0, end_factor fr"),
        (lambda: LinearLR(valueless(), total_iters=0), "total_iters is at least 1 epoch"),
        (lambda: MultiStepLR(valueless(), [1], gamma=-1.0), "gamma is a number from 0 on"),
        (
            lambda: ReduceLROnPlateau(valueless(), mode="least"),
            "mode is 'min' or 'max', not 'least'",
        ),
        (lambda: ReduceLROnPlateau(valueless(), threshold_mode=0), "threshold_mode is 'rel' or 'a"),
        (lambda: ReduceLROnPlateau(valueless(), factor=1.0), "factor is from 0 to below 1, not 1"),
        (lambda: ReduceLROnPlateau(valueless(), patience=-1), "patience is a number from 0 on"),
        (lambda: ReduceLROnPlateau(valueless()).step(), "ReduceLROnPlateau needs what it watches"),
        (lambda: OneCycleLR(valueless(), 1.0), "give total_steps, or both epochs and steps_per_ep"),
        (lambda: OneCycleLR(valueless(), 1.0, 0), "total_steps is at least 1 epoch, not 0"),
        (lambda: OneCycleLR(valueless(), 1.0, 9, pct_start=3), "pct_start is from 0 to 1, not 3"),
        (
            lambda: OneCycleLR(valueless(), 1.0, 9, anneal_strategy="x"),
            "'cos' or 'linear', not 'x'",
        ),
        (lambda: OneCycleLR(valueless(), 1.0, 9, div_factor=0.0), "div_factor are above 0"),
        (
            lambda: OneCycleLR(Rprop([Value(1.0)]), 1.0, 9),
            "Rprop has no momentum to cycle: cycle_m",
        ),
        (
            lambda: [c := OneCycleLR(valueless(), 1.0, 1), c.step(), c.step()],
            "made for 1 steps, and",
        ),
        (lambda: sequence(), "0 schedules but 0 milestones"),
        (lambda: sequence(1, 2), "2 schedules but 0 milestones: give one for each schedule after"),
        (lambda: sequence(1, 2, 3, milestones=[5, 4]), r"milestones rise from 0, not \[5, 4\]"),
        (lambda: SequentialLR(valueless(), [StepLR(valueless(), 1)], []), "to another optimizer"),
        (
            lambda: SequentialLR((o := valueless()), [ReduceLROnPlateau(o)], []),
            "SequentialLR takes no ReduceLROnPlateau, which watches the loss",
        ),
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
        (lambda: SequentialLR(valueless(), [3], []), "SequentialLR takes schedules, not 3"),
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
