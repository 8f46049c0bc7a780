"""PyTorch on one thread: tensors of a layer, and one tensor per number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn.functional import cross_entropy, linear, relu, rms_norm

from benchmarks.peers.scalars import Scalars
from benchmarks.work import GPT, HEADS, L2, Work, flat, matrices

torch.set_num_threads(1)


def tensor(numbers: Any) -> Any:
    return torch.tensor(numbers, dtype=torch.float64)


def text_loss(parameters: list[Any], text: Any) -> Any:
    """Of a text, the sum of the cross-entropies of all tokens but the first."""
    tokens, places, Q, K, V, O, up, down, head = parameters  # noqa: E741 (the field's names)
    n = len(text) - 1
    x = tokens[text[:-1]] + places[:n]
    h = rms_norm(x, (16,), eps=1e-5)
    q, k, v = (linear(h, M).view(n, HEADS, -1).transpose(0, 1) for M in (Q, K, V))
    attended = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    x = x + linear(attended.transpose(0, 1).reshape(n, 16), O)
    x = x + linear(relu(linear(rms_norm(x, (16,), eps=1e-5), up)), down)
    return cross_entropy(linear(x, head), text[1:], reduction="sum")


class Tensors:
    """Fused operations on whole layers; gradients by `backward`.

    For an update all parameters lie in one tensor, and all gradients in another: that makes the
    update, and the decay of the weights, one operation each.  `torch.optim.SGD` needs twice as
    long for such small layers.
    """

    def dense(self, work: Work) -> Any:
        parameters = [
            tensor(p).requires_grad_() for p in sum(matrices(work.theta, work.widths), ())
        ]
        W1, b1, W2, b2, W3, b3 = parameters
        x, tanh, addmv = tensor(work.X[0]), torch.tanh, torch.addmv
        gradients: Any = None

        def step() -> float:
            nonlocal gradients
            y = tanh(addmv(b3, W3, tanh(addmv(b2, W2, tanh(addmv(b1, W1, x))))))
            loss = torch.dot(y, y)
            gradients = torch.autograd.grad(loss, parameters)
            return loss.item()

        return step, lambda: flat(list(zip(gradients[::2], gradients[1::2])))

    def moons(self, work: Work) -> Any:
        X, y = tensor(work.X), tensor(work.Y)

        def loss(W1: Any, b1: Any, W2: Any, b2: Any, W3: Any, b3: Any) -> Any:
            h = relu(linear(relu(linear(X, W1, b1)), W2, b2))
            return relu(1.0 - y * linear(h, W3, b3).squeeze(1)).mean()

        return self._update(work, loss, L2)

    def digits(self, work: Work) -> Any:
        X, classes = tensor(work.X), tensor(work.Y).argmax(1)

        def loss(W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
            return cross_entropy(linear(torch.tanh(linear(X, W1, b1)), W2, b2), classes)

        return self._update(work, loss, 0.0)

    def rosenbrock(self, work: Work) -> Any:
        theta = tensor(work.theta).requires_grad_()
        gradient: Any = None

        def step() -> float:
            nonlocal gradient
            u, v = theta[:-1], theta[1:]
            a, b = v - u * u, 1.0 - u
            loss = 100.0 * torch.dot(a, a) + torch.dot(b, b)
            (gradient,) = torch.autograd.grad(loss, theta)
            return loss.item()

        return step, lambda: gradient

    def gpt(self, work: Work) -> Any:
        theta = tensor(work.theta)
        parts = theta.split([rows * columns for rows, columns in GPT])
        parameters = [part.view(shape).detach().requires_grad_() for part, shape in zip(parts, GPT)]
        texts = [torch.tensor(text) for text in work.X]
        count = sum(len(text) - 1 for text in texts)
        gradients: Any = None

        def step() -> float:
            nonlocal gradients
            loss = sum(text_loss(parameters, text) for text in texts) / count
            gradients = torch.autograd.grad(loss, parameters)
            return loss.item()

        return step, lambda: torch.cat([g.ravel() for g in gradients])

    @staticmethod
    def _update(work: Work, f: Any, decay: float) -> Any:
        start = [tensor(p) for p in sum(matrices(work.theta, work.widths), ())]
        theta = torch.cat([p.ravel() for p in start])
        gradient, sizes = torch.zeros_like(theta), [p.numel() for p in start]
        parameters = []
        for p, part, slope in zip(start, theta.split(sizes), gradient.split(sizes)):
            parameters.append(part.view(p.shape).detach().requires_grad_())
            parameters[-1].grad = slope.view(p.shape)

        def step() -> float:
            if decay:
                torch.mul(theta, 2.0 * decay, out=gradient)
            else:
                gradient.zero_()
            loss = f(*parameters)
            loss.backward()
            value = loss.item()
            if decay:
                value += decay * torch.dot(theta, theta).item()
            theta.sub_(gradient, alpha=work.rate)
            return value

        def read() -> Any:
            arrays = [p.detach().numpy() for p in parameters]
            return flat(list(zip(arrays[::2], arrays[1::2])))

        return step, read


class Numbers(Scalars):
    """A tensor without dimensions per number."""

    tanh, exp, log, sin, relu = map(
        staticmethod, (torch.tanh, torch.exp, torch.log, torch.sin, torch.relu)
    )

    def leaves(self, numbers: list[float]) -> list[Any]:
        return [tensor(x).requires_grad_() for x in numbers]

    def number(self, leaf: Any) -> float:
        return leaf.item()  # type: ignore[no-any-return]

    def differentiate(self, f: Callable[[], Any], leaves: list[Any]) -> tuple[float, list[Any]]:
        loss = f()
        return loss.item(), list(torch.autograd.grad(loss, leaves, materialize_grads=True))

    def move(self, leaves: list[Any], gradient: list[Any], rate: float) -> None:
        with torch.no_grad():
            torch._foreach_add_(leaves, gradient, alpha=-rate)
