"""Layer-wise least squares: makes a slimmer network answer like a larger one before any training.

The student's layers are taken in order. Each convolution is solved for, so that on the student's own inputs it gives
what the teacher's convolution gives before its activation (He, Zhang and Sun 2017, "Channel pruning for accelerating
very deep neural networks", eq. 1 and section 3.2). Which channels the student lacks: `eliminate`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 (its name everywhere)
from torch import Tensor, nn

from edgepose.training.narrow.dependency_order import InOrder
from edgepose.training.network.layers import Conv

RIDGE = 1e-3
"""Pull towards the copied weights, as a share of the mean input power: keeps rare directions as they were."""


RELU_ROUNDS = 12
"""Times that a layer in front of a ReLU is solved."""


@dataclass(frozen=True)
class LayerPair:
    """A student's convolution and the teacher's it answers for; both without batch norm.

    keep: which of the teacher's output channels the student has (all when None).
    shift: added to what the teacher's activation gives (a ReLU's is taken below zero too). A student's ReLU behind a
        shift of c is max(x, -c) + c, which with c about 0.7 is near to an ELU; the next layer's bias takes it back.
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
    n_rows: int = 800,
    progress: Callable[[Sequence[LayerPair]], Iterable[LayerPair]] = iter,
) -> list[float]:
    """Solve the pairs in order; returns per layer the share of the teacher's variance (behind the ReLU where there is
    one) that is left unexplained.

    pairs: in the order of the network. run_student, run_teacher: send the same pictures through each network, one at a
    time and in one order. n_rows: positions sampled per layer and picture; keep their sum well above the 1152 unknowns
    per output of a 3x3 convolution over 128 channels. progress: wraps the loop.
    """
    wanted = collect(run_teacher, [pair.teacher for pair in pairs], n_rows, given=False)
    unexplained = []
    with InOrder([pair.student.conv for pair in pairs]) as layers:
        for pair in progress(pairs):
            layers.reach()
            ((given, _),) = collect(run_student, [pair.student], n_rows).values()
            answer = wanted.pop(pair.teacher)[1]
            if isinstance(pair.teacher[-1], nn.ELU):
                answer = pair.teacher[-1](answer)
            answer = answer + pair.shift
            unexplained.append(_solve(pair, given, answer if pair.keep is None else answer[:, pair.keep]))
    return unexplained


@torch.no_grad()
def collect(
    run: Callable[[], object], layers: Sequence[Conv], n_rows: int, *, given: bool = True
) -> dict[Conv, tuple[Tensor, Tensor]]:
    """Per layer the patches it reads (rows, inputs) and what it gives before its activation (rows, outputs).

    At most `n_rows` random positions of each picture that `run` sends through. They depend on the sizes alone, so rows
    of two networks with the same pictures belong together. given: whether the patches are wanted; without, (0, 0).
    """
    patches: dict[Conv, list[Tensor]] = {layer: [] for layer in layers}
    answers: dict[Conv, list[Tensor]] = {layer: [] for layer in layers}
    owners: dict[nn.Module, Conv] = {layer.conv: layer for layer in layers}

    def keep(conv: nn.Conv2d, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        n = output.shape[2] * output.shape[3]
        pick = torch.randperm(n, generator=torch.Generator().manual_seed(n))[:n_rows]
        answers[owners[conv]].append(output.flatten(2)[0, :, pick].T.clone())
        if given:
            unfolded = F.unfold(inputs[0], conv.kernel_size, conv.dilation, conv.padding, conv.stride)  # type: ignore[arg-type]
            patches[owners[conv]].append(unfolded[0, :, pick].T.clone())

    hooks = [layer.conv.register_forward_hook(keep) for layer in layers]
    run()
    for hook in hooks:
        hook.remove()
    nothing = [torch.empty(0, 0)]
    return {layer: (torch.cat(patches[layer] or nothing), torch.cat(answers[layer])) for layer in layers}


def _solve(pair: LayerPair, X: Tensor, Y: Tensor) -> float:
    conv = pair.student.conv
    assert conv.bias is not None
    has_relu = isinstance(pair.student[-1], nn.ReLU)
    n_in = X.shape[1] // conv.groups
    n_out = Y.shape[1] // conv.groups
    left = torch.empty_like(Y)
    for g in range(conv.groups):
        rows, columns = slice(g * n_out, (g + 1) * n_out), slice(g * n_in, (g + 1) * n_in)
        start = torch.cat((conv.weight[rows].flatten(1), conv.bias[rows, None]), 1).T
        solution, seen = _ridge(X[:, columns], Y[:, rows], start, has_relu=has_relu)
        conv.weight[rows] = solution[:-1].T.reshape(conv.weight[rows].shape)
        conv.bias[rows] = solution[-1]
        left[:, rows] = (Y[:, rows].relu() - seen.relu()) if has_relu else (Y[:, rows] - seen)
    return float(left.var(0).sum() / (Y.relu() if has_relu else Y).var(0).sum())


def _ridge(X: Tensor, Y: Tensor, start: Tensor, *, has_relu: bool) -> tuple[Tensor, Tensor]:
    """argmin over W of |[X 1] W - Y|^2 + lambda |W - start|^2, and [X 1] W; W's last row is the bias, which is free.

    Behind a ReLU all that is wanted below zero is alike: where an answer is below zero and should be, it is taken for
    right, and the layer is solved again (Zhang, Zou, He and Sun 2016, "Accelerating very deep convolutional networks",
    section 2.2).
    """
    X1 = torch.cat((X, X.new_ones(len(X), 1)), 1)
    gram = (X1.T @ X1).double()
    weight = RIDGE * gram.diagonal()[:-1].mean() * torch.ones(len(gram), dtype=gram.dtype)
    weight[-1] = 0.0
    factor = torch.linalg.cholesky(gram + torch.diag(weight + 1e-9 * len(X)))
    wanted = Y
    for _ in range(RELU_ROUNDS if has_relu else 1):
        right = (X1.T @ wanted).double() + weight[:, None] * start.double()
        solution = torch.cholesky_solve(right, factor).to(X.dtype)
        seen = X1 @ solution
        wanted = torch.where(Y > 0, Y, seen.clamp(max=0.0))
    return solution, seen
