"""Which channels a layer can do without, when the next layer may make up for them.

Backward elimination on least squares, which is the optimal brain surgeon (Hassibi and Stork 1993) of one layer, exact
because the error is quadratic: the channel goes whose loss costs the next layer least after the next layer is solved
anew for what remains. Channels that say what others say go first, however large they are.
"""

from __future__ import annotations

import torch
from torch import Tensor

RIDGE = 1e-3


def eliminate(X: Tensor, Y: Tensor, n_keep: int) -> tuple[Tensor, Tensor]:
    """Remove channels of X (rows, C, k) until `n_keep` are left, Y (rows, outputs) being what the next layer gives.

    Returns `order` (C,), the removed channels first, in their order, then the others; and `errors` (C - n_keep + 1,):
    the share of Y's variance that is unexplained after 0, 1, 2 ... removals.
    """
    n, channels, k = X.shape
    x = (X - X.mean(0)).flatten(1).double()
    y = (Y - Y.mean(0)).double()
    gram = x.T @ x / n
    gram += torch.diag(RIDGE * gram.diagonal().mean().expand(len(gram)))
    inverse = torch.linalg.inv(gram)
    weights = inverse @ (x.T @ y / n)
    power = float(y.var(0, unbiased=False).sum())
    error = power - float((weights * (x.T @ y / n)).sum())
    left = torch.ones(channels, dtype=torch.bool)
    order, errors = [], [error / power]
    for _ in range(channels - n_keep):
        own = _blocks(inverse, k)
        costs = (weights.view(channels, k, -1) * torch.linalg.solve(own, weights.view(channels, k, -1))).sum((1, 2))
        worst = int(costs.masked_fill(~left, torch.inf).argmin())
        here = slice(worst * k, (worst + 1) * k)
        passed_on = torch.linalg.solve(inverse[here, here], torch.cat((inverse[here], weights[here]), 1))
        reach = inverse[:, here].clone()
        inverse -= reach @ passed_on[:, : len(inverse)]
        weights -= reach @ passed_on[:, len(inverse) :]
        inverse[here, here] = torch.eye(k, dtype=inverse.dtype)
        left[worst] = False
        order.append(worst)
        error += float(costs[worst])
        errors.append(error / power)
    rest = left.nonzero()[:, 0]
    return torch.cat((torch.tensor(order, dtype=torch.long), rest)), torch.tensor(errors)


def _blocks(matrix: Tensor, k: int) -> Tensor:
    """(C, k, k): the blocks on the diagonal."""
    n = len(matrix) // k
    return matrix.view(n, k, n, k).diagonal(dim1=0, dim2=2).permute(2, 0, 1)
