# Expected values for parametric models. Run in this directory: Rscript survival-parametric.R
# Writes survival/parametric-cases.csv (what to fit) and survival/parametric-expected.csv (what R found).
suppressMessages({library(survival); library(splines)})
options(digits = 17)
cases <- list(); expected <- list()
emit <- function(case, what, item, value) expected[[length(expected) + 1]] <<-
  data.frame(case, what, item, value = sprintf("%.17g", value))
read <- function(name) read.csv(file.path("survival/data", paste0(name, ".csv")))
note <- function(case, kind, data, exit, status, terms, cause = 1, entry = "", cluster = "", weights = "", offset = "", setting = "")
  cases[[length(cases) + 1]] <<- data.frame(case, data, entry, exit, status, cause, terms = paste(terms, collapse = " "), strata = "", cluster, weights,
    offset, kind, setting = paste(setting, collapse = " "))

# survreg itself: four distributions, without late entry.
reg <- function(case, kind, data, exit, status, terms, cause = 1, cluster = "", weights = "", offset = "") {
  d <- read(data)
  rhs <- c(if (length(terms)) terms else "1", if (offset != "") sprintf("offset(%s)", offset))
  form <- as.formula(sprintf("Surv(%s, %s == %d) ~ %s", exit, status, cause, paste(rhs, collapse = "+")))
  args <- list(form, data = d, dist = kind, control = survreg.control(rel.tolerance = 1e-14, maxiter = 200, toler.chol = 1e-14))
  if (weights != "") args$weights <- d[[weights]]
  f <- do.call(survreg, args)
  note(case, kind, data, exit, status, terms, cause, "", cluster, weights, offset)
  names <- c("(intercept)", terms); v <- vcov(f)
  robust <- if (cluster == "") NULL else {
    u <- residuals(f, type = "dfbeta", weighted = TRUE)
    crossprod(if (cluster == "row") u else rowsum(u, d[[cluster]]))
  }
  for (i in seq_along(names)) {
    emit(case, "coef", names[i], coef(f)[[i]]); emit(case, "se", names[i], sqrt(v[i, i]))
    if (!is.null(robust)) emit(case, "robust_se", names[i], sqrt(robust[i, i]))
  }
  if (kind != "exponential") { emit(case, "scale", "", f$scale); emit(case, "se", "(ln scale)", sqrt(v[nrow(v), nrow(v)])) }
  emit(case, "loglik", "null", f$loglik[1]); emit(case, "loglik", "final", f$loglik[2])
  emit(case, "test", "likelihood_ratio", 2 * diff(f$loglik))
}

# Any log likelihood by rows: its maximum by Newton steps with differences of fourth order, in steps that
# are small against the standard errors and large against rounding.
maximum <- function(rows, b) {
  total <- function(b) { v <- suppressWarnings(sum(rows(b))); if (is.finite(v)) v else -1e300 }
  b <- optim(b, function(b) -total(b), control = list(maxit = 5000, reltol = 1e-14))$par
  b <- optim(b, function(b) -total(b), method = "BFGS", control = list(maxit = 500, reltol = 1e-15))$par
  n <- length(b); size <- pmax(1e-4 * abs(b), 1e-7)
  weights <- c(1, -8, 8, -1) / 12; at <- c(-2, -1, 1, 2)
  gradient <- function(b, f = total) sapply(seq_len(n), function(j) {
    v <- lapply(at, function(k) { b[j] <- b[j] + k * size[j]; f(b) }); Reduce(`+`, Map(`*`, v, weights)) / size[j]
  })
  hessian <- function(b) { h <- sapply(seq_len(n), function(j)
    Reduce(`+`, Map(`*`, lapply(at, function(k) { b[j] <- b[j] + k * size[j]; gradient(b) }), weights)) / size[j]); (h + t(h)) / 2 }
  for (k in 1:20) {
    h <- -hessian(b); g <- gradient(b); step <- solve(h, g); far <- max(abs(step) * sqrt(abs(diag(h))))
    b <- b + step * min(1, 1 / far); size <- 0.03 / sqrt(abs(diag(h)))
    if (k > 3 && far < 1e-9) break
  }
  if (!(far < 1e-7)) stop("no maximum: ", paste(format(b), collapse = " "), " last step ", far)
  list(b = b, v = solve(-hessian(b)), ll = total(b), scores = gradient(b, rows), gradient = gradient)
}

# ln h and H of each law at t, for the linear predictor eta and the other parameters.
pgg <- function(t, mu, s, Q, lower) { w <- (log(t) - mu) / s; a <- Q^-2; pgamma(a * exp(Q * w), a, lower.tail = if (Q > 0) lower else !lower, log.p = TRUE) }
basis <- function(x, k) {
  m <- length(k); v <- cbind(x)
  if (m > 2) for (j in 2:(m - 1)) { l <- (k[m] - k[j]) / (k[m] - k[1])
    v <- cbind(v, pmax(x - k[j], 0)^3 - l * pmax(x - k[1], 0)^3 - (1 - l) * pmax(x - k[m], 0)^3) }
  if (is.null(attr(k, "turn"))) v else sweep(v, 2, attr(k, "mean")) %*% attr(k, "turn")
}
slope <- function(x, k) {
  m <- length(k); v <- cbind(rep(1, length(x)))
  if (m > 2) for (j in 2:(m - 1)) { l <- (k[m] - k[j]) / (k[m] - k[1])
    v <- cbind(v, 3 * (pmax(x - k[j], 0)^2 - l * pmax(x - k[1], 0)^2 - (1 - l) * pmax(x - k[m], 0)^2)) }
  if (is.null(attr(k, "turn"))) v else v %*% attr(k, "turn")
}
laws <- list(
  exponential = list(H = function(t, e, th, k) t * exp(-e), lh = function(t, e, th, k) -e, start = function(k) NULL, level = -1),
  weibull = list(H = function(t, e, th, k) exp((log(t) - e) / exp(th)), lh = function(t, e, th, k) (log(t) - e) / exp(th) - th - log(t),
    start = function(k) 0, level = -1),
  lognormal = list(H = function(t, e, th, k) -pnorm(log(t), e, exp(th), FALSE, TRUE),
    lh = function(t, e, th, k) dlnorm(t, e, exp(th), TRUE) - pnorm(log(t), e, exp(th), FALSE, TRUE), start = function(k) 0.2, level = -1),
  loglogistic = list(H = function(t, e, th, k) -plogis(log(t), e, exp(th), FALSE, TRUE),
    lh = function(t, e, th, k) dlogis(log(t), e, exp(th), TRUE) - log(t) - plogis(log(t), e, exp(th), FALSE, TRUE), start = function(k) 0, level = -1),
  gengamma = list(H = function(t, e, th, k) -pgg(t, e, exp(th[1]), th[2], FALSE),
    lh = function(t, e, th, k) { s <- exp(th[1]); Q <- th[2]; w <- (log(t) - e) / s; a <- Q^-2
      log(abs(Q)) - log(s * t) + a * log(a) - lgamma(a) + a * (Q * w - exp(Q * w)) - pgg(t, e, s, Q, FALSE) }, start = function(k) c(0, 0.6), level = -1),
  gompertz = list(H = function(t, e, th, k) exp(e) * expm1(th * t) / th, lh = function(t, e, th, k) e + th * t, start = function(k) 1e-3, level = 1),
  `piecewise-exponential` = list(H = function(t, e, th, k) { g <- c(0, th); lo <- c(0, k); hi <- c(k, Inf)
      exp(e) * Reduce(`+`, lapply(seq_along(g), function(j) exp(g[j]) * pmax(pmin(t, hi[j]) - lo[j], 0))) },
    lh = function(t, e, th, k) e + c(0, th)[findInterval(t, k, left.open = TRUE) + 1], start = function(k) rep(0, length(k)), level = 1),
  `royston-parmar` = list(H = function(t, e, th, k) exp(e + drop(basis(log(t), k) %*% th)),
    lh = function(t, e, th, k) e + drop(basis(log(t), k) %*% th) + log(drop(slope(log(t), k) %*% th)) - log(t),
    start = function(k) drop(solve(attr(k, "turn"), c(1, rep(0, length(k) - 2)))), level = 1))

own <- function(case, kind, data, exit, status, terms, cause = 1, entry = "", cluster = "", weights = "", offset = "", setting = "", times = NULL) {
  message(case); d <- read(data); law <- laws[[kind]]; n <- nrow(d)
  x <- as.matrix(d[terms]); mid <- colMeans(x); width <- apply(x, 2, sd); z <- sweep(sweep(x, 2, mid), 2, width, "/")
  X <- d[[exit]]; E <- if (entry == "") rep(0, n) else d[[entry]]; D <- d[[status]] == cause
  w <- if (weights == "") rep(1, n) else d[[weights]]; o <- if (offset == "") rep(0, n) else d[[offset]]
  k <- if (kind == "piecewise-exponential") setting else if (kind == "royston-parmar") unname(quantile(log(X[D]), seq(0, 1, length.out = setting + 1)))
  if (kind == "royston-parmar") { # Uncorrelated functions while searching.
    v <- basis(log(X[D]), k); attr(k, "mean") <- colMeans(v); attr(k, "turn") <- solve(chol(cov(v)))
  }
  p <- length(terms); q <- length(law$start(k)); th <- function(b, p) b[seq_len(q) + 1 + p]
  rows <- function(b, p) {
    e <- b[1] + o + if (p > 0) drop(z %*% b[1 + seq_len(p)]) else 0
    v <- -law$H(X, e, th(b, p), k); r <- E > 0
    v[r] <- v[r] + law$H(E[r], e[r], th(b, p), k)
    v[D] <- v[D] + law$lh(X[D], e[D], th(b, p), k); w * v
  }
  level <- law$level * log(sum(w[D]) / sum(w * (X - E))) + if (kind == "royston-parmar") attr(k, "mean")[1] else 0
  null <- maximum(function(b) rows(b, 0), c(level, law$start(k)))
  f <- maximum(function(b) rows(b, p), c(null$b[1], rep(0, p), th(null$b, 0)))
  # Back to the columns' own units.
  turn <- diag(1 + p + q); for (j in seq_len(p)) { turn[1 + j, 1 + j] <- 1 / width[j]; turn[1, 1 + j] <- -mid[j] / width[j] }
  if (kind == "royston-parmar") {
    turn[1 + p + seq_len(q), 1 + p + seq_len(q)] <- attr(k, "turn"); turn[1, 1 + p + seq_len(q)] <- -attr(k, "mean") %*% attr(k, "turn")
  }
  b <- drop(turn %*% f$b); v <- turn %*% f$v %*% t(turn)
  note(case, kind, data, exit, status, terms, cause, entry, cluster, weights, offset, setting)
  scale <- kind %in% c("weibull", "lognormal", "loglogistic", "gengamma")
  names <- c("(intercept)", terms, switch(kind, exponential = NULL, gengamma = c("(ln scale)", "(q)"), gompertz = "(shape)",
    `piecewise-exponential` = sprintf("(from %s)", format(k, trim = TRUE)), `royston-parmar` = sprintf("(spline %d)", seq_len(q)), "(ln scale)"))
  robust <- if (cluster == "") NULL else { s <- if (cluster == "row") f$scores else rowsum(f$scores, d[[cluster]]); turn %*% f$v %*% crossprod(s) %*% f$v %*% t(turn) }
  for (i in seq_along(names)) {
    emit(case, "coef", names[i], b[i]); emit(case, "se", names[i], sqrt(v[i, i]))
    if (!is.null(robust)) emit(case, "robust_se", names[i], sqrt(robust[i, i]))
  }
  if (scale) emit(case, "scale", "", exp(b[2 + p]))
  emit(case, "loglik", "null", null$ll); emit(case, "loglik", "final", f$ll)
  vs <- if (is.null(robust)) f$v else f$v %*% crossprod(if (cluster == "row") f$scores else rowsum(f$scores, d[[cluster]])) %*% f$v
  for (t in times) for (at in 0:1) {
    row <- if (at == 0) rep(0, p) else z[1, ]
    h <- function(b) law$H(t, b[1] + sum(row * b[1 + seq_len(p)]), th(b, p), k)
    g <- f$gradient(f$b, h)
    emit(case, "hazard", paste(at, t), h(f$b)); emit(case, "hazard_se", paste(at, t), sqrt(drop(g %*% vs %*% g)))
  }
}

for (kind in c("exponential", "weibull", "lognormal", "loglogistic")) {
  n <- function(x) paste0("reg-", kind, "-", x)
  reg(n("lung"), kind, "lung", "time", "status", c("age", "sex"))
  reg(n("lung-null"), kind, "lung", "time", "status", character())
  reg(n("veteran"), kind, "veteran", "time", "status", c("trt", "smallcell", "adeno", "large", "karno", "diagtime", "age", "prior"), cluster = "row")
  reg(n("ovarian"), kind, "ovarian", "futime", "fustat", c("age", "ecog.ps"))
  reg(n("gbsg"), kind, "gbsg", "rfstime", "status", c("age", "meno", "size", "grade", "nodes", "hormon"))
  reg(n("rats"), kind, "rats", "time", "status", c("rx", "female"), cluster = "litter")
  reg(n("rotterdam"), kind, "rotterdam", "rtime", "recur", c("age", "meno", "nodes", "hormon"), weights = "grade", offset = "chemo", cluster = "row")
  reg(n("mgus2-death"), kind, "mgus2", "time", "cause", c("age", "male"), cause = 2)
}
for (kind in c("gengamma", "gompertz", "piecewise-exponential", "royston-parmar")) {
  n <- function(x) paste0(kind, "-", x)
  s <- function(cuts, df) switch(kind, `piecewise-exponential` = cuts, `royston-parmar` = df, "")
  own(n("lung"), kind, "lung", "time", "status", c("age", "sex"), setting = s(c(100, 300, 500), 3), times = c(50, 300, 800))
  own(n("veteran"), kind, "veteran", "time", "status", c("trt", "smallcell", "karno"), setting = s(c(30, 100), 2), cluster = "celltype", times = c(10, 200))
  own(n("gbsg"), kind, "gbsg", "rfstime", "status", c("age", "nodes", "hormon"), setting = s(c(365, 730, 1460), 3), times = c(400, 1500))
  own(n("kidney"), kind, "kidney", "time", "status", c("age", "sex"), setting = s(c(30, 130), 1), cluster = "id")
  own(n("mgus2"), kind, "mgus2", "time", "cause", c("age", "male"), cause = if (kind == "gengamma") 2 else 1, setting = s(c(60, 120), 2), times = c(60, 240))
  own(n("rotterdam"), kind, "rotterdam", "rtime", "recur", c("age", "nodes", "hormon"), setting = s(c(400, 1000, 2000), 3), weights = "grade", offset = "chemo",
    cluster = "row", times = 1000)
}
for (kind in names(laws)) { # Late entry.
  n <- function(x) paste0("late-", kind, "-", x)
  s <- function(cuts, df) switch(kind, `piecewise-exponential` = cuts, `royston-parmar` = df, "")
  own(n("flchain"), kind, "flchain", "stop", "death", c("male", "lcreat", "lambda"), entry = "start", setting = s(c(65, 75, 85), 2), times = c(60, 85))
  if (kind != "gengamma") # whose Q would run away here
    own(n("cgd"), kind, "cgd", "tstop", "status", c("rx", "age"), entry = "tstart", cluster = "id", setting = s(c(100, 200), 2), times = 300)
}
# Piecewise models are Poisson regressions.
d <- read("lung"); long <- survSplit(Surv(time, status) ~ age + sex, d, cut = c(100, 300, 500), episode = "piece"); long$at <- long$time - long$tstart
g <- glm(status ~ age + sex + factor(piece) + offset(log(at)), poisson, long, epsilon = 1e-14)
r <- do.call(rbind, expected); r <- r[r$case == "piecewise-exponential-lung" & r$what == "coef", ]
stopifnot(max(abs(as.numeric(r$value) - coef(g))) < 1e-8)
write.csv(do.call(rbind, cases), "survival/parametric-cases.csv", row.names = FALSE, quote = FALSE)
write.csv(do.call(rbind, expected), "survival/parametric-expected.csv", row.names = FALSE, quote = FALSE)
