# Expected values for shared frailties. Run in this directory: Rscript survival-frailty.R
# Writes survival/frailty-cases.csv (what to fit) and survival/frailty-expected.csv. The referee is coxph with a fixed variance; around it the likelihood
# without frailties is maximised here, since coxph's own search for the variance stops early.
suppressMessages(library(survival))
options(digits = 17, warn = -1)
read <- function(name) read.csv(file.path("survival/data", paste0(name, ".csv")))
cases <- list(); expected <- list()
emit <- function(case, what, item, value) expected[[length(expected) + 1]] <<- data.frame(case, what, item, value = sprintf("%.17g", value))
control <- coxph.control(eps = 1e-16, toler.chol = 1e-13, iter.max = 1000)
# The pieces of the curvature by their definition: groups' diagonal A, groups by terms C, terms B (the penalty not yet in A).
pieces <- function(y, x, g, strata, weights, eta, efron) {
  q <- max(g); p <- ncol(x); A <- numeric(q); C <- matrix(0, q, p); B <- matrix(0, p, p)
  entry <- if (ncol(y) == 3) y[, 1] else rep(-Inf, nrow(y)); exit <- y[, ncol(y) - 1]; dead <- y[, ncol(y)] == 1; r <- weights * exp(eta)
  Z <- matrix(0, nrow(x), q); Z[cbind(seq_along(g), g)] <- 1
  for (s in unique(strata)) for (t in unique(exit[dead & strata == s])) {
    at <- which(strata == s & entry < t & exit >= t); d <- which(dead & strata == s & exit == t); m <- length(d)
    for (k in seq_len(m) - 1) {
      w <- r[at]; if (efron) w[at %in% d] <- w[at %in% d] * (1 - k / m)
      c <- mean(weights[d]); w <- w / sum(w); z <- colSums(w * Z[at, , drop = FALSE]); xm <- colSums(w * x[at, , drop = FALSE])
      A <- A + c * (z - z^2); C <- C + c * (t(w * Z[at, , drop = FALSE]) %*% x[at, , drop = FALSE] - outer(z, xm)); B <- B + c * (t(x[at, , drop = FALSE]) %*% (w * x[at, , drop = FALSE]) - outer(xm, xm))
    }
  }
  list(A = A, C = C, B = B)
}
run <- function(case, data, exit, status, terms, group, distribution, theta = NA, entry = "", strata = "", weights = "", offset = "", ties = "efron", zph = FALSE) {
  d <- read(data); d$g. <- match(d[[group]], sort(unique(d[[group]])))
  s <- if (entry == "") sprintf("Surv(%s, %s == 1)", exit, status) else sprintf("Surv(%s, %s, %s == 1)", entry, exit, status)
  d$w. <- if (weights == "") 1 else d[[weights]]; d$o. <- if (offset == "") 0 else d[[offset]]
  more <- paste0(if (strata != "") paste0(" + strata(", strata, ")"), " + offset(o.)")
  right <- paste(paste(terms, collapse = " + "), more)
  law <- if (distribution == "gamma") "frailty.gamma" else "frailty.gaussian"
  fit <- function(th) { th. <<- th; coxph(as.formula(paste(s, "~", right, "+", law, "(g., theta = th., sparse = TRUE)")), d, weights = w., ties = ties, control = control, robust = FALSE) }
  plain <- coxph(as.formula(paste(s, "~", right)), d, weights = w., ties = ties, control = coxph.control(eps = 1e-14, toler.chol = 1e-16, iter.max = 100), robust = FALSE)
  dead <- d[[status]] == 1; ev <- tapply(d$w. * dead, d$g., sum)
  # Gamma: the integrated likelihood and its slope by 1/theta. Log-normal: the equation of REML.
  corr <- function(nu) sum(ev + nu * log(nu) - (nu + ev) * log(nu + ev) + lgamma(nu + ev) - lgamma(nu))
  integrated <- function(f, th) f$loglik[2] + sum(f$frail) / th + corr(1 / th)
  slope <- function(lt) { th <- exp(lt); nu <- 1 / th; f <- fit(th)
    if (distribution == "gamma") -sum(f$frail - log1p(ev / nu) + digamma(nu + ev) - digamma(nu)) else (sum(f$frail^2) + sum(f$fvar)) / length(f$frail) / th - 1 }
  estimated <- is.na(theta)
  if (estimated) {
    grid <- log(c(if (distribution == "gamma") 1e-3 else c(1e-6, 1e-5, 1e-4, 1e-3), 0.01, 0.05, 0.2, 0.5, 1, 2, 4, 8)); v <- sapply(grid, function(l) tryCatch(slope(l), error = function(e) NA)); k <- which(v > 0)
    if (length(k) && (max(k) == length(grid) || is.na(v[max(k) + 1]))) stop(case, ": ", paste(v, collapse = " "))
    theta <- if (length(k) == 0) 0 else exp(uniroot(slope, grid[max(k) + 0:1], tol = 1e-14, maxiter = 200)$root)
    if (distribution == "gamma" && theta > 0) {
      o <- optimize(function(lt) integrated(fit(exp(lt)), exp(lt)), log(theta) + c(-1, 1), maximum = TRUE, tol = 1e-8)$maximum
      stopifnot(abs(o - log(theta)) < 1e-3)
    }
  }
  cases[[length(cases) + 1]] <<- data.frame(case, data, entry, exit, status, cause = 1, terms = paste(terms, collapse = " "), strata, cluster = "", weights, offset, ties, group, distribution,
    variance = if (estimated) "" else sprintf("%.17g", theta))
  emit(case, "variance", "", theta)
  if (theta == 0) {
    for (t in terms) emit(case, "coef", t, coef(plain)[t])
    emit(case, "p", "", 1); return(invisible())
  }
  f <- fit(theta)
  # With weights R's curvature is not that of as many rows (weights of 2 and rows that stand there twice differ): estimates only.
  errors <- weights == ""
  for (j in seq_along(terms)) { emit(case, "coef", terms[j], coef(f)[j]); if (errors) emit(case, "se", terms[j], sqrt(f$var[j, j])); if (errors && f$var2[j, j] > 0) emit(case, "se2", terms[j], sqrt(f$var2[j, j])) }
  emit(case, "loglik", 0, f$loglik[1]); emit(case, "loglik", 1, f$loglik[2]); if (errors) emit(case, "frailty_df", "", tail(f$df, 1)); if (errors && all(diag(f$var2) > 0)) emit(case, "coef_df", "", sum(head(f$df, -1)))
  for (k in unique(round(seq(1, length(f$frail), length.out = 8)))) { emit(case, "frailty", k, f$frail[k]); if (errors) emit(case, "frailty_se", k, sqrt(f$fvar[k])) }
  if (distribution == "gamma") {
    chi2 <- 2 * (integrated(f, theta) - plain$loglik[2]); emit(case, "integrated", "", integrated(f, theta))
  } else {
    y <- f$y; st <- if (strata == "") rep(1, nrow(d)) else d[[strata]]; x <- as.matrix(d[terms])
    reml <- function(eta, w, th, A. = TRUE) {
      h <- pieces(y, x, d$g., st, d$w., eta, ties == "efron")
      if (!A.) return(-0.5 * c(determinant(h$B)$modulus))
      A <- h$A + 1 / th; -0.5 * (sum(w^2) / th + sum(log(th * A)) + c(determinant(h$B - t(h$C) %*% (h$C / A))$modulus))
    }
    small <- nrow(d) <= 500
    if (small) {
      one <- f$loglik[2] + reml(d$o. + x %*% coef(f) + f$frail[d$g.], f$frail, theta)
      chi2 <- 2 * (one - plain$loglik[2] - reml(d$o. + x %*% coef(plain), 0, 0, FALSE))
    } else chi2 <- NA
  }
  if (estimated && !is.na(chi2)) { chi2 <- max(chi2, 0); emit(case, "chi2", "", chi2); emit(case, "p", "", if (chi2 > 0) 0.5 * pchisq(chi2, 1, lower.tail = FALSE) else 1) }
  if (zph) { z <- cox.zph(f, "km", terms = FALSE, global = FALSE)$table; for (j in seq_along(terms)) emit(case, "zph", terms[j], z[j, 1]) }
}
for (law in c("gamma", "lognormal")) for (th in c(NA, 0.3)) {
  n <- function(x) sprintf("%s-%s-%s", x, law, if (is.na(th)) "estimated" else th)
  go <- function(case, ...) run(n(case), ..., distribution = law, theta = th)
  go("kidney", "kidney", "time", "status", c("age", "sex"), "id")
  go("kidney-breslow", "kidney", "time", "status", c("age", "sex"), "id", ties = "breslow")
  go("kidney-offset", "kidney", "time", "status", c("age", "sex"), "id", offset = "frail")
  if (law == "gamma" || !is.na(th)) go("kidney-weights", "kidney", "time", "status", c("age", "sex"), "id", weights = "frail")
  go("rats", "rats", "time", "status", c("rx", "female"), "litter")
  go("rats-strata", "rats", "time", "status", "rx", "litter", strata = "female")
  go("lung", "lung_all", "time", "status", c("age", "sex"), "inst")
  # Where groups differ very much R finds no standard errors, and loses its way.
  if (law != "gamma" || !is.na(th)) go("bladder", "bladder", "stop", "event", c("rx", "size", "number"), "id", strata = "enum")
  go("bladder2", "bladder2", "stop", "event", c("rx", "size", "number"), "id", entry = "start")
  if (!is.na(th)) go("bladder2-pwp", "bladder2", "stop", "event", c("rx", "size", "number"), "id", entry = "start", strata = "enum")
  go("cgd", "cgd", "tstop", "status", c("rx", "age", "steroids"), "id", entry = "tstart")
  go("cgd-strata", "cgd", "tstop", "status", c("rx", "age"), "id", entry = "tstart", strata = "hos")
  go("cgd-centres", "cgd", "tstop", "status", c("rx", "age"), "hos", entry = "tstart", ties = "breslow")
  go("diabetic", "diabetic", "time", "status", c("trt", "age", "risk"), "id")
}
write.csv(do.call(rbind, cases), "survival/frailty-cases.csv", row.names = FALSE, quote = FALSE)
write.csv(do.call(rbind, expected), "survival/frailty-expected.csv", row.names = FALSE, quote = FALSE)
