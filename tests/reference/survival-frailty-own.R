# Expected values for shared frailties where coxph(frailty()) loses its way. Run in this directory:
# Rscript survival-frailty-own.R
# Writes survival/frailty-own-cases.csv and survival/frailty-own-expected.csv. The referee is none of survival's: the penalised partial likelihood is
# written down by its definition and climbed by Newton steps with its whole curvature; around it the likelihood without the frailties is maximised (gamma:
# integrated over them exactly; log-normal: the equation of REML, with the curvature of the frailties' diagonal, as coxph has it).
read <- function(name) read.csv(file.path("survival/data", paste0(name, ".csv")))
cases <- list(); expected <- list()
emit <- function(case, what, item, value) expected[[length(expected) + 1]] <<- data.frame(case, what, item, value = sprintf("%.17g", value))

run <- function(case, data, exit, status, terms, group, distribution, variance = NA, entry = "", strata = "", weights = "", ties = "efron") {
  message(case); d <- read(data); g <- match(d[[group]], sort(unique(d[[group]]))); q <- max(g); p <- length(terms); n <- nrow(d)
  X <- cbind(as.matrix(d[terms]), outer(g, seq_len(q), `==`) + 0); own <- p + seq_len(q)
  X[, seq_len(p)] <- sweep(X[, seq_len(p), drop = FALSE], 2, colMeans(X[, seq_len(p), drop = FALSE]))
  out <- d[[exit]]; inn <- if (entry == "") rep(-Inf, n) else d[[entry]]; dead <- d[[status]] == 1
  w <- if (weights == "") rep(1, n) else d[[weights]]; s <- if (strata == "") rep(1, n) else d[[strata]]
  # The log partial likelihood with slope and curvature, risk set by risk set, death by death.
  sets <- unlist(lapply(unique(s), function(k) lapply(sort(unique(out[dead & s == k])), function(t) {
    at <- which(s == k & inn < t & out >= t); list(at = at, d = which(dead & s == k & out == t), dies = dead[at] & out[at] == t)
  })), recursive = FALSE)
  partial <- function(b) {
    eta <- drop(X %*% b); r <- w * exp(eta); ll <- 0; slope <- numeric(p + q); h <- matrix(0, p + q, p + q)
    for (i in sets) {
      m <- length(i$d); c <- mean(w[i$d]); ll <- ll + sum((w * eta)[i$d]); slope <- slope + colSums(w[i$d] * X[i$d, , drop = FALSE]); x <- X[i$at, , drop = FALSE]
      for (k in seq_len(m) - 1) {
        v <- r[i$at]; if (ties == "efron") v[i$dies] <- v[i$dies] * (1 - k / m)
        ll <- ll - c * log(sum(v)); v <- v / sum(v); mean <- colSums(v * x)
        slope <- slope - c * mean; h <- h + c * (crossprod(x, v * x) - tcrossprod(mean))
      }
    }
    list(ll = ll, slope = slope, h = h)
  }
  penalty <- function(u, th) if (distribution == "gamma") list(v = sum(exp(u) - 1 - u) / th, d = (exp(u) - 1) / th, dd = exp(u) / th) else
    list(v = sum(u^2) / 2 / th, d = u / th, dd = rep(1 / th, q))
  climb <- function(b, th) {
    value <- function(a, b) a$ll - if (th > 0) penalty(b[own], th)$v else 0
    a <- partial(b)
    for (step in 1:200) {
      slope <- a$slope; h <- a$h; free <- seq_along(b)
      if (th > 0) { e <- penalty(b[own], th); slope[own] <- slope[own] - e$d; diag(h)[own] <- diag(h)[own] + e$dd } else free <- seq_len(p)
      move <- numeric(p + q); move[free] <- solve(h[free, free], slope[free])
      if (sum(move * slope) < 1e-24) return(c(a, list(b = b)))
      size <- 1
      repeat { new <- partial(b + size * move); if (value(new, b + size * move) >= value(a, b) - 1e-11 || size < 1e-6) break; size <- size / 2 }
      b <- b + size * move; a <- new
      if (max(abs(size * move)) < 1e-13) return(c(a, list(b = b)))
    }
    stop(case, ": no maximum")
  }
  ev <- tapply(w * dead, factor(g, seq_len(q)), sum)
  corr <- function(nu) sum(ev + nu * log(nu) - (nu + ev) * log(nu + ev) + lgamma(nu + ev) - lgamma(nu))
  none <- climb(numeric(p + q), 0); last <- none$b
  fit <- function(th) { f <- climb(last, th); last <<- f$b; f }
  integrated <- function(f, th) f$ll + sum(f$b[own]) / th + corr(1 / th)
  # Groups against themselves only: what coxph's sparse treatment keeps of the curvature.
  sparse <- function(f, th) { A <- diag(f$h)[own] + penalty(f$b[own], th)$dd; C <- f$h[own, seq_len(p), drop = FALSE]; S <- f$h[seq_len(p), seq_len(p)] - crossprod(C, C / A)
    1 / A + rowSums(((C / A) %*% solve(S)) * (C / A)) }
  slope <- function(lt) { th <- exp(lt); f <- fit(th); u <- f$b[own]; nu <- 1 / th
    if (distribution == "gamma") -sum(u - log1p(ev / nu) + digamma(nu + ev) - digamma(nu)) else (sum(u^2) + sum(sparse(f, th))) / q / th - 1 }
  estimated <- is.na(variance)
  if (estimated) {
    at <- log(c(if (distribution == "gamma") c(1e-5, 1e-3), 0.02, 0.1, 0.4, 1.5, 6, 24)); v <- sapply(at, slope); k <- which(v > 0); message(paste(signif(v, 3), collapse = " "))
    if (length(k) && max(k) == length(at)) { message("without bounds: no case"); return(invisible()) }
    variance <- if (length(k)) exp(uniroot(slope, at[max(k) + 0:1], tol = 1e-13, maxiter = 100)$root) else 0
  }
  f <- if (variance > 0) fit(variance) else none; u <- f$b[own]
  if (variance > 0 && estimated && distribution == "gamma") for (by in c(0.99, 1.01)) stopifnot(integrated(fit(variance * by), variance * by) < integrated(f, variance))
  cases[[length(cases) + 1]] <<- data.frame(case, data, entry, exit, status, cause = 1, terms = paste(terms, collapse = " "), strata, cluster = "", weights, offset = "", ties, group,
    distribution, variance = if (estimated) "" else sprintf("%.17g", variance))
  emit(case, "variance", "", variance); emit(case, "loglik", 1, f$ll)
  if (variance == 0) emit(case, "p", "", 1)
  for (j in seq_len(p)) emit(case, "coef", terms[j], f$b[j])
  for (k in unique(round(seq(1, q, length.out = 8)))) emit(case, "frailty", k, u[k])
  if (distribution == "gamma" && variance > 0) {
    emit(case, "integrated", "", integrated(f, variance)); chi2 <- max(0, 2 * (integrated(f, variance) - none$ll))
    if (estimated) { emit(case, "chi2", "", chi2); emit(case, "p", "", 0.5 * pchisq(chi2, 1, lower.tail = FALSE)) }
  }
}
for (law in c("gamma", "lognormal")) {
  n <- function(x) paste0(x, "-", law)
  run(n("kidney"), "kidney", "time", "status", c("age", "sex"), "id", law)
  run(n("kidney-weights"), "kidney", "time", "status", c("age", "sex"), "id", law, weights = "frail")
  # A clock that starts anew with each event, the number of the event as stratum.
  run(n("bladder2-gap"), "bladder2", "gap", "event", c("rx", "size", "number"), "id", law, variance = 0.3, strata = "enum")
  run(n("bladder2-gap-estimated"), "bladder2", "gap", "event", c("rx", "size", "number"), "id", law, strata = "enum")
  run(n("bladder2-pwp"), "bladder2", "stop", "event", c("rx", "size", "number"), "id", law, entry = "start", strata = "enum")
  run(n("bladder"), "bladder", "stop", "event", c("rx", "size", "number"), "id", law, strata = "enum")
}
write.csv(do.call(rbind, cases), "survival/frailty-own-cases.csv", row.names = FALSE, quote = FALSE)
write.csv(do.call(rbind, expected), "survival/frailty-own-expected.csv", row.names = FALSE, quote = FALSE)
