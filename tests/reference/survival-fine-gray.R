# Expected values for Fine-Gray models. Run in this directory: Rscript survival-fine-gray.R
# Writes survival/data/fg-*.csv (simulated rows), survival/fine-gray-cases.csv (what to fit) and
# survival/fine-gray-expected.csv (what R found).
suppressMessages({library(survival); library(cmprsk)})
options(digits = 17)
ctl <- coxph.control(eps = 1e-13, iter.max = 60, toler.chol = 1e-14, timefix = FALSE)
cases <- list(); expected <- list()
emit <- function(case, what, item, value) expected[[length(expected) + 1]] <<-
  data.frame(case, what, item, value = sprintf("%.17g", value))
read <- function(name) read.csv(file.path("survival/data", paste0(name, ".csv")))
out <- function(name, frame) {
  frame[] <- lapply(frame, as.numeric)
  con <- file(file.path("survival/data", paste0(name, ".csv")), "wb")
  writeLines(paste(names(frame), collapse = ","), con)
  writeLines(do.call(paste, c(lapply(frame, function(v) sprintf("%.15g", v)), sep = ",")), con)
  close(con)
}

# The example of cmprsk's own help page, and rows like those of a transplant register: clusters
# (centres), tied times, late entry, case weights, an offset.
set.seed(10)
small <- data.frame(time = rexp(200), cause = sample(0:2, 200, replace = TRUE), matrix(runif(600), 200, dimnames = list(NULL, c("x1", "x2", "x3"))))
out("fg-small", small)
set.seed(11)
n <- 500; centre <- sample(25, n, replace = TRUE); u <- rnorm(25, sd = 0.4)[centre]
age <- round(rnorm(n, 40, 12)); match <- rbinom(n, 1, 0.7); dose <- round(rnorm(n), 2)
t1 <- rexp(n, 0.05 * exp(0.02 * (age - 40) - 0.4 * match + u)); t2 <- rexp(n, 0.06 * exp(0.3 * dose - u / 2))
cens <- pmin(runif(n, 2, 40), 36); exit <- pmin(t1, t2, cens)
register <- data.frame(centre, entry = 0, exit = ceiling(exit * 4) / 4, cause = ifelse(exit == cens, 0, ifelse(t1 < t2, 1, 2)), age, match, dose,
  country = centre %% 3, wt = sample(c(0.5, 1, 2, 3), n, replace = TRUE), off = round(rnorm(n, 0, 0.2), 3))
late <- rbinom(n, 1, 0.4) == 1
register$entry[late] <- floor(runif(sum(late), 0, 0.7) * register$exit[late] * 4) / 4
register$entry[register$entry >= register$exit] <- 0
out("fg-register", register)
m <- read("mgus2") # mgus2 on the scale of age: everybody enters late
m$entry <- pmax(m$age, 55); m$exit <- m$age + m$time / 12; m <- m[m$exit > m$entry & m$exit > 56, ]
out("fg-mgus2-age", data.frame(entry = m$entry, exit = m$exit, cause = m$cause, male = m$male, old = as.numeric(m$age > 72)))

note <- function(case, data, exit, status, terms, convention, cause, entry = "", strata = "", cluster = "", weights = "", offset = "", ties = "", ridge = 0)
  cases[[length(cases) + 1]] <<- data.frame(case, data, entry, exit, status, cause, terms = paste(terms, collapse = " "), strata, cluster, weights, offset,
    ties, convention, ridge)
curve_at <- function(case, times, levels, terms, cif) for (k in seq_along(times)) for (at in seq_along(levels))
  emit(case, "cif", paste(at - 1, times[k]), cif(levels[[at]], times[k]))

# cmprsk itself; two last Newton steps, since its own search ends early.
fit_crr <- function(exit, status, x, cause = 1) {
  f <- crr(exit, status, x, failcode = cause, gtol = 1e-9, maxiter = 50)
  for (k in 1:2) f <- crr(exit, status, x, failcode = cause, init = drop(f$coef + f$invinf %*% f$score), maxiter = 0)
  stopifnot(max(abs(f$invinf %*% f$score)) < 1e-12)
  f
}
crr_case <- function(case, data, exit, status, terms, times, cause = 1) {
  d <- read(data); x <- as.matrix(d[terms])
  f <- fit_crr(d[[exit]], d[[status]], x, cause)
  note(case, data, exit, status, terms, "crr", cause)
  for (i in seq_along(terms)) { emit(case, "coef", terms[i], f$coef[[i]]); emit(case, "se", terms[i], sqrt(f$var[i, i])) }
  if (length(terms) > 1) emit(case, "covariance", "0 1", f$var[1, 2])
  emit(case, "loglik", "null", f$loglik.null); emit(case, "loglik", "final", f$loglik)
  emit(case, "test", "wald", drop(f$coef %*% solve(f$var, f$coef)))
  levels <- list(colMeans(x), x[1, ], x[nrow(x), ])
  curve_at(case, times, levels, terms, function(row, t) { p <- predict(f, row); c(0, p[, 2])[findInterval(t, p[, 1]) + 1] })
}

# The same model by sums over all pairs, for what cmprsk cannot do: clusters, late entry, strata.
by_pairs <- function(case, data, exit, status, terms, cause = 1, entry = "", strata = "", cluster = "", weights = "") {
  d <- read(data); x <- as.matrix(d[terms]); n <- nrow(d); p <- ncol(x)
  X <- d[[exit]]; E <- if (entry == "") rep(-1, n) else d[[entry]]; D <- d[[status]]
  s <- if (strata == "") rep(0, n) else d[[strata]]; w <- if (weights == "") rep(1, n) else d[[weights]]
  event <- which(D == cause)
  # a(t) of each row's stratum: G by censorings, H by entries, just before t.
  a <- function(t, st) {
    r <- s == st
    cs <- sort(unique(X[r & D == 0 & X < t])); g <- 1
    for (u in cs) g <- g * (1 - sum(w[r & D == 0 & X == u]) / sum(w[r & E < u & X >= u]))
    if (entry != "") for (v in sort(unique(E[r & E >= t]))) g <- g * (1 - sum(w[r & E == v]) / sum(w[r & E <= v & X > v]))
    g
  }
  aX <- sapply(seq_len(n), function(i) a(X[i], s[i]))
  # Weight of row j in the risk set of event i.
  W <- sapply(event, function(i) ifelse(s != s[i], 0, ifelse(X >= X[i], as.numeric(E < X[i]), ifelse(D != 0 & D != cause, aX[i] / aX, 0)))) * w
  b <- rep(0, p)
  state <- function(b) {
    r <- exp(drop(x %*% b)); s0 <- colSums(W * r); mean <- t(t(crossprod(W * r, x) / s0))
    info <- Reduce(`+`, lapply(seq_along(event), function(k) w[event[k]] * (crossprod(x, x * (W[, k] * r)) / s0[k] - tcrossprod(mean[k, ]))))
    list(loglik = sum(w[event] * (drop(x[event, , drop = FALSE] %*% b) - log(s0))), score = colSums(w[event] * (x[event, , drop = FALSE] - mean)),
      info = info, r = r, s0 = s0, mean = mean)
  }
  null <- state(b)
  for (k in 1:30) { z <- state(b); b <- b + solve(z$info, z$score) }
  z <- state(b); h <- w[event] / z$s0
  eta <- matrix(0, n, p)
  for (k in seq_along(event)) {
    i <- event[k]
    eta <- eta - (t(t(x) - z$mean[k, ])) * (W[, k] * z$r) * h[k]
    eta[i, ] <- eta[i, ] + w[i] * (x[i, ] - z$mean[k, ])
  }
  other <- D != 0 & D != cause
  psi <- matrix(0, n, p)
  for (st in unique(s)) {
    r <- s == st
    q <- function(u, upto) {
      total <- rep(0, p)
      for (k in which(s[event] == st & (if (upto) X[event] > u else X[event] >= u))) {
        j <- which(r & other & (if (upto) X <= u else X < u))
        wt <- w[j] * z$r[j] * aX[event[k]] / aX[j]
        total <- total + h[k] * (colSums(x[j, , drop = FALSE] * wt) - z$mean[k, ] * sum(wt))
      }
      total
    }
    for (u in sort(unique(X[r & D == 0]))) {
      qu <- q(u, FALSE); at <- r & E < u & X >= u; y <- sum(w[at]); own <- r & D == 0 & X == u
      psi[own, ] <- psi[own, ] + w[own] %o% qu / y
      psi[at, ] <- psi[at, ] - w[at] %o% qu * sum(w[own]) / y^2
    }
    if (entry != "") for (v in sort(unique(E[r]))) {
      qv <- q(v, TRUE); at <- r & E <= v & X > v; y <- sum(w[at]); own <- r & E == v
      psi[own, ] <- psi[own, ] - w[own] %o% qv / y
      psi[at, ] <- psi[at, ] + w[at] %o% qv * sum(w[own]) / y^2
    }
  }
  bread <- solve(z$info); u <- eta + psi
  var <- bread %*% crossprod(u) %*% bread
  note(case, data, exit, status, terms, "crr", cause, entry, strata, cluster, weights)
  for (i in seq_along(terms)) { emit(case, "coef", terms[i], b[[i]]); emit(case, "se", terms[i], sqrt(var[i, i])) }
  if (cluster != "") {
    rv <- bread %*% crossprod(rowsum(u, d[[cluster]])) %*% bread
    for (i in seq_along(terms)) emit(case, "robust_se", terms[i], sqrt(rv[i, i]))
  }
  emit(case, "loglik", "null", null$loglik); emit(case, "loglik", "final", z$loglik)
  list(coef = b, var = var)
}

# survival::finegray with coxph.
fg_case <- function(case, data, exit, status, terms, times, cause = 1, entry = "", strata = "", cluster = "", weights = "", offset = "", ties = "efron",
                    ridge = 0) {
  d <- read(data); d$subject <- seq_len(nrow(d))
  d$kind <- factor(d[[status]], 0:max(d[[status]]), c("censor", paste0("k", 1:max(d[[status]]))))
  d$case_weight <- if (weights == "") 1 else d[[weights]]
  rhs <- c(".", if (strata != "") sprintf("strata(%s)", strata))
  left <- if (entry == "") sprintf("Surv(%s, kind)", exit) else sprintf("Surv(%s, %s, kind)", entry, exit)
  keep <- unique(c("subject", exit, entry, "kind", terms, strata, cluster, offset)); keep <- keep[keep != ""]
  e <- finegray(as.formula(paste(left, "~", paste(rhs, collapse = "+"))), data = d[keep], etype = paste0("k", cause), id = subject, timefix = FALSE)
  # Its own weights argument gives the rows of later strata the weights of others (survival 3.5).
  e$fgwt <- e$fgwt * d$case_weight[e$subject]
  if (strata != "" && is.null(e[[strata]])) e[[strata]] <- d[[strata]][e$subject]
  e$group <- if (cluster == "") e$subject else d[[cluster]][e$subject]
  x <- if (ridge > 0) sprintf("ridge(%s, theta = %g, scale = FALSE)", paste(terms, collapse = ", "), ridge) else terms
  form <- c(x, if (strata != "") sprintf("strata(%s)", strata), if (offset != "") sprintf("offset(%s)", offset))
  f <- coxph(as.formula(paste("Surv(fgstart, fgstop, fgstatus) ~", paste(form, collapse = "+"))), data = e, weights = fgwt, cluster = group, robust = TRUE,
    ties = ties, control = ctl, x = ridge == 0)
  note(case, data, exit, status, terms, "finegray", cause, entry, strata, cluster, weights, offset, ties, ridge)
  v <- f$naive.var
  for (i in seq_along(terms)) {
    emit(case, "coef", terms[i], coef(f)[[i]])
    if (ridge == 0) { emit(case, "se", terms[i], sqrt(v[i, i])); emit(case, "robust_se", terms[i], sqrt(vcov(f)[i, i])) }
  }
  if (ridge > 0) { # The inverse of the penalised information, from a fit that takes no step.
    g <- coxph(as.formula(paste("Surv(fgstart, fgstop, fgstatus) ~", paste(terms, collapse = "+"))), data = e, weights = fgwt, ties = ties, robust = TRUE, cluster = group,
      init = coef(f), control = coxph.control(iter.max = 0, timefix = FALSE))
    v <- solve(solve(g$naive.var) + diag(ridge, length(terms)))
    for (i in seq_along(terms)) emit(case, "se", terms[i], sqrt(v[i, i]))
    emit(case, "loglik", "null", g$loglik[1] * NA); expected[[length(expected)]] <<- NULL
    emit(case, "loglik", "final", g$loglik[2])
    return(invisible())
  }
  emit(case, "loglik", "null", f$loglik[1]); emit(case, "loglik", "final", f$loglik[2])
  emit(case, "test", "wald", f$wald.test[[1]]); emit(case, "test", "score", f$score); emit(case, "test", "likelihood_ratio", 2 * diff(f$loglik))
  if (strata == "") {
    x <- as.matrix(d[terms]); levels <- list(colMeans(x), x[1, ], x[nrow(x), ])
    curve_at(case, times, levels, terms, function(row, t) {
      new <- as.data.frame(as.list(row)); if (offset != "") new[[offset]] <- 0
      s <- survfit(f, newdata = new, se.fit = FALSE); c(0, 1 - s$surv)[findInterval(t, s$time) + 1]
    })
  }
}

crr_case("crr-small", "fg-small", "time", "cause", c("x1", "x2", "x3"), c(0.1, 0.5, 1, 2))
crr_case("crr-small-2", "fg-small", "time", "cause", c("x1", "x2", "x3"), c(0.1, 0.5, 1, 2), cause = 2)
crr_case("crr-mgus2-pcm", "mgus2", "time", "cause", c("age", "male"), c(12, 60, 120, 240))
crr_case("crr-mgus2-death", "mgus2", "time", "cause", c("age", "male"), c(12, 60, 120, 240), cause = 2)
crr_case("crr-transplant-death", "transplant", "futime", "cause", c("age", "male"), c(30, 100, 365))
crr_case("crr-transplant-organ", "transplant", "futime", "cause", c("age", "male"), c(30, 100, 365), cause = 2)
crr_case("crr-register", "fg-register", "exit", "cause", c("age", "match", "dose"), c(1, 5, 10, 20))
crr_case("crr-register-2", "fg-register", "exit", "cause", c("age", "match", "dose"), c(1, 5, 10, 20), cause = 2)
# The sums over all pairs are cmprsk's where both can be had.
pairs <- by_pairs("crr-pairs", "fg-register", "exit", "cause", c("age", "match", "dose"))
own <- with(read("fg-register"), fit_crr(exit, cause, cbind(age, match, dose)))
stopifnot(max(abs(pairs$coef / own$coef - 1)) < 1e-9, max(abs(pairs$var / own$var - 1)) < 1e-9)
by_pairs("crr-cluster", "fg-register", "exit", "cause", c("age", "match", "dose"), cluster = "centre")
by_pairs("crr-weights", "fg-register", "exit", "cause", c("age", "match"), cluster = "centre", weights = "wt")
by_pairs("crr-strata", "fg-register", "exit", "cause", c("age", "match", "dose"), strata = "country", cluster = "centre")
by_pairs("crr-late", "fg-register", "exit", "cause", c("age", "match", "dose"), entry = "entry")
by_pairs("crr-late-all", "fg-register", "exit", "cause", c("age", "match"), entry = "entry", strata = "country", cluster = "centre", weights = "wt")

for (ties in c("efron", "breslow")) {
  n <- function(x) paste0("fg-", x, "-", ties)
  fg_case(n("small"), "fg-small", "time", "cause", c("x1", "x2", "x3"), c(0.1, 0.5, 1, 2), ties = ties)
  fg_case(n("mgus2-pcm"), "mgus2", "time", "cause", c("age", "male"), c(12, 60, 120, 240), ties = ties)
  fg_case(n("mgus2-death"), "mgus2", "time", "cause", c("age", "male"), c(12, 60, 120, 240), cause = 2, ties = ties)
  fg_case(n("transplant-organ"), "transplant", "futime", "cause", c("age", "male"), c(30, 100, 365), cause = 2, ties = ties)
  fg_case(n("register-cluster"), "fg-register", "exit", "cause", c("age", "match", "dose"), c(1, 5, 10, 20), cluster = "centre", ties = ties)
  fg_case(n("register-weights"), "fg-register", "exit", "cause", c("age", "match"), c(1, 5, 10, 20), weights = "wt", offset = "off", ties = ties)
  fg_case(n("register-strata"), "fg-register", "exit", "cause", c("age", "match", "dose"), c(1, 5, 10, 20), strata = "country", ties = ties)
  fg_case(n("register-late"), "fg-register", "exit", "cause", c("age", "match", "dose"), c(1, 5, 10, 20), entry = "entry", ties = ties)
  fg_case(n("register-late-2"), "fg-register", "exit", "cause", c("age", "match"), c(1, 5, 10, 20), entry = "entry", cause = 2, strata = "country",
    cluster = "centre", weights = "wt", ties = ties)
  fg_case(n("mgus2-age"), "fg-mgus2-age", "exit", "cause", c("male", "old"), c(60, 70, 80, 90), entry = "entry", ties = ties)
  fg_case(n("register-ridge"), "fg-register", "exit", "cause", c("age", "match", "dose"), c(1, 5), ridge = 20, ties = ties)
}
write.csv(do.call(rbind, cases), "survival/fine-gray-cases.csv", row.names = FALSE, quote = FALSE)
write.csv(do.call(rbind, expected), "survival/fine-gray-expected.csv", row.names = FALSE, quote = FALSE)
