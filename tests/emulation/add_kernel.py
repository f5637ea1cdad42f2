"""The one small kernel on which tests try the stand-in for CuPy, and its arrays."""

import numpy as np

from tests.emulation import cupy

ADD = 'extern "C" __global__ void add(float *y, const float *x, float a, int n) '
ADD += "{ int i = threadIdx.x; if (i < n) y[i] = y[i] + a * x[i]; }"


def arrays(n=4):
    return cupy.zeros(n, np.float32), cupy.asarray(np.arange(n, dtype=np.float32))
