# HiGHS's side of the assignment: peer_milp.py NAME FILE. Reads the instance, then for every line on
# its standard input solves it to the optimum once and prints the seconds and the optimum.
import sys
import time

try:
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, vstack
except ImportError as e:
    print("missing", e.name)
    sys.exit(0)

data = np.fromfile(sys.argv[2])
groups, families = int(data[0]), int(data[1])
places = data[2 : 2 + families]
pairs = data[2 + families :].reshape(-1, 4)
g, f, takes, score = pairs[:, 0].astype(int), pairs[:, 1].astype(int), pairs[:, 2], pairs[:, 3]
n = len(pairs)
once = csr_array((np.ones(n), (g, np.arange(n))), shape=(groups, n))
room = csr_array((takes, (f, np.arange(n))), shape=(families, n))
limit = np.concatenate([np.ones(groups), places])

print("ready", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    found = milp(
        -score,
        integrality=np.ones(n),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(vstack([once, room]), ub=limit),
        options={"mip_rel_gap": 0.0},
    )
    seconds = time.perf_counter() - start
    # The chosen pairs are added up anew: the solver's weights are whole only to its tolerance.
    optimum = score[found.x > 0.5].sum() if found.status == 0 else float("nan")
    print(f"{seconds:.6f} {optimum:.15e}", flush=True)
