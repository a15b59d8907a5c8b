# Python's side: peer.py TASK FILE. Reads the data, then for every line on its standard input does
# the work once and prints the seconds and check values.
import sys
import time

try:
    import numpy as np
    from comprisk import CompetingRiskForest, FineGrayRegression
except ImportError as e:
    print("missing", e.name)
    sys.exit(0)

data = np.fromfile(sys.argv[2])
n, p = int(data[0]), int(data[1])
columns = data[2:].reshape(4 + p, n)
end, cause = columns[1].copy(), columns[2].astype(int)
x = np.ascontiguousarray(columns[4:].T)


def forest(rows=slice(None)):
    grown = CompetingRiskForest(
        n_estimators=100, max_depth=64, min_samples_split=30, min_samples_leaf=15, samptype="swr",
        time_grid=64, n_bins=64, random_state=1, n_jobs=-1,
    )
    grown.fit(x[rows], end[rows], cause[rows])
    return grown


def incidence(grown):
    cif = np.asarray(grown.predict_cif(x[:1000], times=np.array([0.5])))
    # Rows by causes by times, in whatever order: the first cause is the larger by far.
    return np.moveaxis(cif.reshape(1000, -1), 1, 0).mean(axis=1)[:1]


# At its own tolerance, which stops no later than ours.
def fine_gray(rows=slice(None)):
    return FineGrayRegression(cause=1).fit(x[rows], time=end[rows], event=cause[rows])


work, check = {
    "competing-forest": (forest, incidence),
    "fine-gray-large": (fine_gray, lambda fit: fit.coef_),
}[sys.argv[1]]

# A first small fit, so that compiling is not timed.
work(slice(500))
print("ready", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    fit = work()
    seconds = time.perf_counter() - start
    print(f"{seconds:.6f}", *(f"{v:.15e}" for v in check(fit)), flush=True)
