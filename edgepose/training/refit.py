"""Layer-wise least squares: makes a slimmer network answer like a larger one before any training.

The student's layers are taken in order. Each convolution is solved for, so that on the student's own inputs it gives
what the teacher's convolution gives before its activation (He, Zhang and Sun 2017, "Channel pruning for accelerating
very deep neural networks", eq. 1 and section 3.2). Channels that the student lacks are left out by importance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 (its name everywhere)
from torch import Tensor, nn

from edgepose.training.layers import Conv

RIDGE = 1e-3
"""Pull towards the copied weights, as a share of the mean input power: keeps rare directions as they were."""


@dataclass(frozen=True)
class LayerPair:
    """A student's convolution and the teacher's it answers for; both without batch norm.

    keep: which of the teacher's output channels the student has (all when None).
    shift: added to what is wanted. A student's ReLU behind a shift of c is max(x, -c) + c, which with c about 0.7 is
        near to an ELU; the next layer's bias takes the shift back.
    """

    student: Conv
    teacher: Conv
    keep: Tensor | None = None
    shift: float = 0.0


@torch.no_grad()
def refit(
    run_student: Callable[[], object],
    run_teacher: Callable[[], object],
    pairs: Sequence[LayerPair],
    n_rows: int = 24000,
    progress: Callable[[Sequence[LayerPair]], Iterable[LayerPair]] = iter,
) -> list[float]:
    """Solve the pairs in order; returns per layer the share of the teacher's variance that is left unexplained.

    run_student, run_teacher: send the same pictures through each network. n_rows: positions sampled per layer; keep
    well above the 1152 unknowns per output of a 3x3 convolution over 128 channels. progress: wraps the loop.
    """
    wanted = _collect(run_teacher, [pair.teacher.conv for pair in pairs], outputs=True, n_rows=n_rows)
    unexplained = []
    for pair in progress(pairs):
        (given,) = _collect(run_student, [pair.student.conv], outputs=False, n_rows=n_rows).values()
        answer = wanted.pop(pair.teacher.conv) + pair.shift
        unexplained.append(_solve(pair, given, answer if pair.keep is None else answer[:, pair.keep]))
    return unexplained


def _collect(
    run: Callable[[], object], layers: Sequence[nn.Conv2d], *, outputs: bool, n_rows: int
) -> dict[nn.Conv2d, Tensor]:
    """Per layer a matrix (rows, values): its outputs, or the patches it reads, at about `n_rows` random positions.

    The positions depend on the sizes alone, so rows of two networks with the same pictures belong together.
    """
    sizes: list[int] = []

    def measure(_layer: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        sizes.append(output.shape[2] * output.shape[3])

    hook = layers[0].register_forward_hook(measure)
    run()
    hook.remove()
    share = min(1.0, n_rows / sum(sizes))
    found: dict[nn.Conv2d, list[Tensor]] = {layer: [] for layer in layers}

    def keep(layer: nn.Conv2d, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        n = output.shape[2] * output.shape[3]
        pick = torch.randperm(n, generator=torch.Generator().manual_seed(n))[: max(1, int(share * n))]
        values = output
        if not outputs:
            values = F.unfold(inputs[0], layer.kernel_size, layer.dilation, layer.padding, layer.stride)  # type: ignore[arg-type]
        found[layer].append(values.flatten(2)[0, :, pick].T.clone())

    hooks = [layer.register_forward_hook(keep) for layer in layers]
    run()
    for hook in hooks:
        hook.remove()
    return {layer: torch.cat(rows) for layer, rows in found.items()}


def _solve(pair: LayerPair, X: Tensor, Y: Tensor) -> float:
    conv = pair.student.conv
    assert conv.bias is not None
    n_in = X.shape[1] // conv.groups
    n_out = Y.shape[1] // conv.groups
    left = torch.empty_like(Y)
    for g in range(conv.groups):
        rows, columns = slice(g * n_out, (g + 1) * n_out), slice(g * n_in, (g + 1) * n_in)
        start = torch.cat((conv.weight[rows].flatten(1), conv.bias[rows, None]), 1).T
        solution = _ridge(X[:, columns], Y[:, rows], start)
        conv.weight[rows] = solution[:-1].T.reshape(conv.weight[rows].shape)
        conv.bias[rows] = solution[-1]
        left[:, rows] = Y[:, rows] - _with_one(X[:, columns]) @ solution
    return float(left.var(0).sum() / Y.var(0).sum())


def _with_one(X: Tensor) -> Tensor:
    return torch.cat((X, X.new_ones(len(X), 1)), 1)


def _ridge(X: Tensor, Y: Tensor, start: Tensor) -> Tensor:
    """argmin over W of |[X 1] W - Y|^2 + lambda |W - start|^2; the last row of W is the bias, which is free."""
    X1 = _with_one(X)
    gram = (X1.T @ X1).double()
    weight = RIDGE * gram.diagonal()[:-1].mean() * torch.ones(len(gram), dtype=gram.dtype)
    weight[-1] = 0.0
    right = (X1.T @ Y).double() + weight[:, None] * start.double()
    gram += torch.diag(weight + 1e-9 * len(X))
    solution: Tensor = torch.linalg.solve(gram, right)
    return solution.to(X.dtype)


@torch.no_grad()
def solve_pointwise(conv: nn.Conv2d, inputs: Sequence[Tensor], wanted: Sequence[Tensor]) -> None:
    """Set a 1x1 convolution to the least-squares map from `inputs` to `wanted`, lists of (N, channels, h, w)."""
    X, Y = (torch.cat([x.float().transpose(0, 1).flatten(1) for x in maps], 1).T for maps in (inputs, wanted))
    solution = _ridge(X, Y, X.new_zeros(X.shape[1] + 1, Y.shape[1]))
    assert conv.bias is not None
    conv.weight.copy_(solution[:-1].T.reshape(conv.weight.shape))
    conv.bias.copy_(solution[-1])


@torch.no_grad()
def importance(layer: Conv, after: Conv, run: Callable[[], object]) -> Tensor:
    """(channels of `layer`,): how much each moves the outputs of `after`: its deviation times its weights' norm."""
    (outputs,) = _collect(run, [layer.conv], outputs=True, n_rows=10000).values()
    reach: Tensor = after.conv.weight.detach().transpose(0, 1).flatten(1).norm(dim=1)
    return outputs.relu().std(0) * reach
