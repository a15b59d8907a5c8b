# Python's side: peer.py TASK FILE. Reads the data, then for every line on its standard input does
# the work once and prints the seconds and check values.
import sys
import time

try:
    import numpy as np
    from comprisk import CompetingRiskForest
except ImportError as e:
    print("missing", e.name)
    sys.exit(0)

data = np.fromfile(sys.argv[2])
n, p = int(data[0]), int(data[1])
columns = data[2:].reshape(4 + p, n)
end, cause = columns[1].copy(), columns[2].astype(int)
x = np.ascontiguousarray(columns[4:].T)


def work(x=x, end=end, cause=cause):
    forest = CompetingRiskForest(
        n_estimators=100, max_depth=64, min_samples_split=30, min_samples_leaf=15, samptype="swr",
        time_grid=64, n_bins=64, random_state=1, n_jobs=-1,
    )
    forest.fit(x, end, cause)
    return forest


# A first small forest, so that compiling is not timed.
work(x[:500], end[:500], cause[:500])
print("ready", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    forest = work()
    seconds = time.perf_counter() - start
    cif = np.asarray(forest.predict_cif(x[:1000], times=np.array([0.5])))
    # Rows by causes by times, in whatever order: the first cause is the larger by far.
    by_cause = [v for v in np.moveaxis(cif.reshape(1000, -1), 1, 0).mean(axis=1)]
    print(f"{seconds:.6f} {by_cause[0]:.15e}", flush=True)
