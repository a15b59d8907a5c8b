# Expected values for Cox models with Firth's correction. Run in this directory: Rscript survival-firth.R
# No Debian package has it: l* = l + log det(I) / 2 is maximised directly. l and I come from their definitions (loops over event times), the slope from
# Richardson's extrapolation of central differences, the maximum from optim and Newton steps with numeric curvature.
# Writes survival/firth-cases.csv, survival/firth-expected.csv, and the data set survival/data/separated.csv.
suppressMessages(library(survival))
options(digits = 17)
read <- function(name) read.csv(file.path("survival/data", paste0(name, ".csv")))
d <- read("lung")[1:60, ]; d$safe <- as.integer(seq_len(60) %in% head(which(d$status == 0), 4)); d$always <- as.integer(seq_len(60) %in% head(which(d$status == 1), 3))
write.csv(d, "survival/data/separated.csv", row.names = FALSE, quote = FALSE)
cases <- list(); expected <- list()
emit <- function(case, what, item, value) expected[[length(expected) + 1]] <<- data.frame(case, what, item, value = sprintf("%.17g", value))
# log partial likelihood and information at b
partial <- function(b, x, entry, exit, event, stratum, weight, efron) {
  p <- ncol(x); l <- 0; info <- matrix(0, p, p)
  eta <- as.vector(x %*% b); r <- weight * exp(eta)
  for (s in unique(stratum)) for (t in unique(exit[event == 1 & stratum == s])) {
    at <- stratum == s & entry < t & exit >= t; dead <- stratum == s & event == 1 & exit == t
    d <- sum(dead); wd <- sum(weight[dead]); l <- l + sum(weight[dead] * eta[dead])
    for (k in if (efron) seq_len(d) - 1 else 0) {
      f <- k / d; w <- if (efron) wd / d else wd
      q <- r * (at - f * dead); s0 <- sum(q); m <- colSums(q * x) / s0
      l <- l - w * log(s0); info <- info + w * (t(x) %*% (q * x) / s0 - outer(m, m))
    }
  }
  list(l = l, info = info)
}
grad <- function(f, b, free) { # Richardson, three levels
  g <- rep(0, length(b))
  for (j in free) {
    d <- function(h) { e <- replace(0 * b, j, h); (f(b + e) - f(b - e)) / (2 * h) }
    h <- 2e-2; a <- d(h); c <- d(h / 2); e <- d(h / 4); u <- (4 * c - a) / 3; v <- (4 * e - c) / 3
    g[j] <- (16 * v - u) / 15
  }
  g
}
climb <- function(f, b, free) {
  if (!length(free)) return(b)
  full <- function(z) replace(b, free, z)
  b <- full(optim(b[free], function(z) -f(full(z)), method = "BFGS", control = list(reltol = 1e-15, maxit = 500))$par)
  for (i in 1:8) {
    g <- grad(f, b, free)[free]
    h <- sapply(free, function(j) { e <- replace(0 * b, j, 1e-3); (grad(f, b + e, free)[free] - grad(f, b - e, free)[free]) / 2e-3 })
    step <- solve(as.matrix(h), g); b[free] <- b[free] - step
    if (max(abs(step)) < 1e-12) break
  }
  b
}
run <- function(case, data, exit, status, terms, entry = "", strata = "", weights = "", ties = "efron", interval = NULL) {
  d <- read(data); x <- as.matrix(d[terms]); n <- nrow(d)
  scale <- apply(x, 2, sd); x <- scale(x, TRUE, scale)
  ll <- function(b) partial(b, x, if (entry == "") rep(-Inf, n) else d[[entry]], d[[exit]], as.integer(d[[status]] == 1), if (strata == "") rep(1, n) else d[[strata]],
    if (weights == "") rep(1, n) else d[[weights]], ties == "efron")
  f <- function(b) { z <- ll(b); z$l + as.numeric(determinant(z$info)$modulus) / 2 }
  p <- length(terms); zero <- rep(0, p); b <- climb(f, zero, seq_len(p)); z <- ll(b)
  cases[[length(cases) + 1]] <<- data.frame(case, data, entry, exit, status, cause = 1, terms = paste(terms, collapse = " "), strata, cluster = "", weights, offset = "", ties)
  v <- solve(z$info)
  for (j in seq_len(p)) { emit(case, "coef", terms[j], b[j] / scale[j]); emit(case, "se", terms[j], sqrt(v[j, j]) / scale[j]) }
  emit(case, "loglik", "final", z$l); emit(case, "test", "likelihood_ratio", 2 * (f(b) - f(zero)))
  for (j in seq_len(p)) { held <- climb(f, replace(b, j, 0), setdiff(seq_len(p), j)); emit(case, "profile", terms[j], 2 * (f(b) - f(held))) }
  for (j in interval) {
    off <- function(u) f(climb(f, replace(b, j, u), setdiff(seq_len(p), j))) - f(b) + qchisq(0.95, 1) / 2
    reach <- 1.96 * sqrt(v[j, j])
    emit(case, "lower", terms[j], uniroot(off, b[j] - c(3, 0) * reach, extendInt = "upX", tol = 1e-12)$root / scale[j])
    emit(case, "upper", terms[j], uniroot(off, b[j] + c(0, 2) * reach, extendInt = "downX", tol = 1e-12)$root / scale[j])
  }
}
for (ties in c("efron", "breslow")) {
  n <- function(x) paste0(x, "-", ties)
  run(n("ovarian"), "ovarian", "futime", "fustat", c("age", "resid.ds", "rx", "ecog.ps"), ties = ties, interval = 1)
  run(n("separated"), "separated", "time", "status", c("age", "safe", "always"), ties = ties, interval = c(2, 3))
  run(n("aml"), "aml", "time", "status", "x", ties = ties, interval = 1)
  run(n("veteran"), "veteran", "time", "status", c("trt", "karno", "prior"), strata = "celltype", ties = ties)
  run(n("heart"), "heart", "stop", "event", c("age", "surgery", "transplant"), entry = "start", ties = ties, interval = 3)
  run(n("kidney"), "kidney", "time", "status", c("age", "sex"), weights = "frail", ties = ties)
  run(n("bladder2"), "bladder2", "stop", "event", c("rx", "size", "number"), entry = "start", strata = "enum", ties = ties)
}
write.csv(do.call(rbind, cases), "survival/firth-cases.csv", row.names = FALSE, quote = FALSE)
write.csv(do.call(rbind, expected), "survival/firth-expected.csv", row.names = FALSE, quote = FALSE)
