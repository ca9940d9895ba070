"""Writes tiny.pt, the network that golden cases and the profiler's tests use: two convolutions with a residual addition, a linear head.

  /usr/bin/python3 make_tiny_model.py tiny.pt
  /usr/bin/python3 make_tiny_model.py slower.pt 5       # with a kernel of 5x5 in `body`
"""

import sys

import torch
from torch import nn


class Tiny(nn.Module):
    def __init__(self, kernel):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.body = nn.Conv2d(8, 8, kernel, padding=kernel // 2)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(8, 10)

    def forward(self, image):
        first = self.stem(image)
        second = torch.relu(self.body(first) + first)
        return self.head(torch.flatten(self.pool(second), 1))


torch.manual_seed(0)
model = Tiny(int(sys.argv[2]) if len(sys.argv) > 2 else 3)
for _ in range(4):
    model(torch.rand(8, 3, 16, 16))
torch.jit.script(model.eval()).save(sys.argv[1])
