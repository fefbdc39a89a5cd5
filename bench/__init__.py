"""Benchmarks: each prints measured ratios beside their goals. Run one with `python -m bench.matching --size s`.

Kernels run on one thread, so that CPU time compares; the variables must be set before NumPy is imported.
"""

import os

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
