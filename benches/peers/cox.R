# R's side: Rscript cox.R TASK N P FILE REPEATS: makes the data, writes it, times R's kernel on it.
suppressMessages(library(survival))
a <- commandArgs(TRUE); task <- a[1]; n <- as.integer(a[2]); p <- as.integer(a[3]); file <- a[4]; repeats <- as.integer(a[5])
set.seed(20)
x <- matrix(rnorm(n * p), n, p)
beta <- rep_len(c(0.3, -0.2, 0.1, 0, 0.05), p)
t <- rexp(n) * exp(-x %*% beta); c <- rexp(n) * 1.4
exit <- as.vector(pmin(t, c)); status <- as.integer(t <= c); entry <- rep(NaN, n)
if (task == "agreg") { entry <- runif(n) * 0.5; exit <- entry + exit }
group <- sample.int(max(n %/% 10, 2), n, TRUE) - 1
con <- file(file, "wb"); writeBin(c(n, p, entry, exit, status, as.vector(x), group), con); close(con)
ctl <- coxph.control(iter.max = 20)
names <- as.character(seq_len(n)); colnames(x) <- paste0("x", seq_len(p))
for (i in seq_len(repeats)) {
  s <- system.time(f <- switch(task,
    coxph = coxph.fit(x, Surv(exit, status), NULL, NULL, NULL, ctl, NULL, "efron", names),
    agreg = agreg.fit(x, Surv(entry, exit, status), NULL, NULL, NULL, ctl, NULL, "efron", names)))[["elapsed"]]
  cat(sprintf("%.6f %.15e\n", s, f$coefficients[[1]]))
}
