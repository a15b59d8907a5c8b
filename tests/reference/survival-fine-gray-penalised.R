# Expected values for penalised Fine-Gray models. Run in this directory: Rscript survival-fine-gray-penalised.R
# No package in Debian has them: the penalised partial likelihood is written out over all pairs of a row and an event, in both conventions for the chance of being
# observed, and maximised by optim (then by Newton steps of its own curvature, to the last digits). Without penalty it must be cmprsk's and survival's, which is checked here.
# The elastic net is found by coordinate descent on the same likelihood until its optimality conditions hold to 1e-12.
# Writes survival/fine-gray-penalised-cases.csv (what to fit) and survival/fine-gray-penalised-expected.csv.
suppressMessages({library(survival); library(cmprsk)})
options(digits = 17)
cases <- list(); expected <- list()
emit <- function(case, what, item, value) expected[[length(expected) + 1]] <<- data.frame(case, what, item, value = sprintf("%.17g", value))
read <- function(name) read.csv(file.path("survival/data", paste0(name, ".csv")))
# One likelihood: weights of all rows in the risk set of each event, and what follows from them. crr: who ends at the time of a censoring could have been censored there;
# finegray: not. Curves count weights (crr) or rows (finegray).
likelihood <- function(data, exit, status, terms, convention, cause = 1, entry = "", strata = "", weights = "", ties = "breslow") {
  d <- read(data); x <- as.matrix(d[terms]); n <- nrow(d)
  X <- d[[exit]]; E <- if (entry == "") rep(-1, n) else d[[entry]]; D <- d[[status]]
  s <- if (strata == "") rep(0, n) else d[[strata]]; w <- if (weights == "") rep(1, n) else d[[weights]]; c <- if (convention == "crr") w else rep(1, n)
  event <- which(D == cause); other <- D != 0 & D != cause
  a <- function(t, st) {
    r <- s == st; g <- 1
    for (u in sort(unique(X[r & D == 0 & X < t]))) {
      there <- r & E < u & X >= u; if (convention == "finegray") there <- there & !(X == u & D != 0)
      g <- g * (1 - sum(c[r & D == 0 & X == u]) / sum(c[there]))
    }
    if (entry != "") for (v in sort(unique(E[r & E >= t]))) g <- g * (1 - sum(c[r & E == v]) / sum(c[r & E <= v & X > v]))
    g
  }
  aX <- sapply(seq_len(n), function(i) a(X[i], s[i]))
  W <- sapply(event, function(i) ifelse(s != s[i], 0, ifelse(X >= X[i], as.numeric(E < X[i]), ifelse(other, aX[i] / aX, 0)))) * w
  dw <- w[event]
  if (ties == "efron") { # The deaths at one time: their weight goes down in steps, and each step counts their mean weight.
    key <- paste(s[event], X[event])
    for (k in unique(key)) {
      at <- which(key == k); m <- length(at); mean <- mean(w[event[at]])
      for (l in seq_len(m) - 1) { W[event[at], at[l + 1]] <- W[event[at], at[l + 1]] * (1 - l / m); dw[at[l + 1]] <- mean }
    }
  }
  state <- function(b) {
    r <- exp(drop(x %*% b)); s0 <- colSums(W * r); mean <- t(t(crossprod(W * r, x) / s0))
    info <- Reduce(`+`, lapply(seq_along(event), function(k) dw[k] * (crossprod(x, x * (W[, k] * r)) / s0[k] - tcrossprod(mean[k, ]))))
    list(loglik = sum(w[event] * drop(x[event, , drop = FALSE] %*% b)) - sum(dw * log(s0)), info = info, r = r, s0 = s0, mean = mean,
      score = colSums(w[event] * x[event, , drop = FALSE]) - colSums(dw * mean))
  }
  # Each row's part of the slope (Breslow), and of what the estimated chance of being observed adds in crr's convention.
  parts <- function(b) {
    z <- state(b); h <- dw / z$s0; eta <- matrix(0, n, ncol(x)); psi <- eta
    for (k in seq_along(event)) {
      i <- event[k]; eta <- eta - (t(t(x) - z$mean[k, ])) * (W[, k] * z$r) * h[k]; eta[i, ] <- eta[i, ] + w[i] * (x[i, ] - z$mean[k, ])
    }
    if (convention == "crr") for (st in unique(s)) {
      r <- s == st
      q <- function(u, upto) {
        total <- rep(0, ncol(x))
        for (k in which(s[event] == st & (if (upto) X[event] > u else X[event] >= u))) {
          j <- which(r & other & (if (upto) X <= u else X < u)); wt <- w[j] * z$r[j] * aX[event[k]] / aX[j]
          total <- total + h[k] * (colSums(x[j, , drop = FALSE] * wt) - z$mean[k, ] * sum(wt))
        }
        total
      }
      for (u in sort(unique(X[r & D == 0]))) {
        qu <- q(u, FALSE); at <- r & E < u & X >= u; y <- sum(w[at]); own <- r & D == 0 & X == u
        psi[own, ] <- psi[own, ] + w[own] %o% qu / y; psi[at, ] <- psi[at, ] - w[at] %o% qu * sum(w[own]) / y^2
      }
      if (entry != "") for (v in sort(unique(E[r]))) {
        qv <- q(v, TRUE); at <- r & E <= v & X > v; y <- sum(w[at]); own <- r & E == v
        psi[own, ] <- psi[own, ] - w[own] %o% qv / y; psi[at, ] <- psi[at, ] + w[at] %o% qv * sum(w[own]) / y^2
      }
    }
    eta + psi
  }
  list(d = d, x = x, w = w, state = state, parts = parts)
}
note <- function(case, data, exit, status, terms, convention, cause, entry, strata, cluster, weights, ties, mean = "", sd = "", alpha = "", lambda = "")
  cases[[length(cases) + 1]] <<- data.frame(case, data, entry, exit, status, cause, terms = paste(terms, collapse = " "), strata, cluster, weights, offset = "", ties, convention,
    mean = paste(mean, collapse = " "), sd = paste(sd, collapse = " "), alpha, lambda = paste(lambda, collapse = " "))
prior <- function(case, data, exit, status, terms, mean, sd, convention, cause = 1, entry = "", strata = "", cluster = "", weights = "", ties = "breslow") {
  l <- likelihood(data, exit, status, terms, convention, cause, entry, strata, weights, ties); k <- 1 / sd^2
  note(case, data, exit, status, terms, convention, cause, entry, strata, cluster, weights, if (convention == "crr") "" else ties, sprintf("%.17g", mean), sprintf("%.17g", sd))
  unit <- apply(l$x, 2, stats::sd)
  o <- optim(rep(0, length(terms)), function(u) { b <- u / unit; sum(k * (b - mean)^2) / 2 - l$state(b)$loglik }, function(u) { b <- u / unit; (k * (b - mean) - l$state(b)$score) / unit },
    method = "BFGS", control = list(reltol = 1e-15, maxit = 500))
  b <- o$par / unit
  for (i in 1:4) { z <- l$state(b); b <- b + solve(z$info + diag(k, length(k)), z$score - k * (b - mean)) }
  z <- l$state(b); stopifnot(max(abs(b - o$par / unit) * unit) < 1e-5, max(abs(z$score - k * (b - mean)) / unit) < 1e-9)
  bread <- solve(z$info + diag(k, length(k)))
  for (i in seq_along(terms)) { emit(case, "coef", terms[i], b[[i]]); emit(case, "se2", terms[i], sqrt((bread %*% z$info %*% bread)[i, i])); emit(case, "model_se", terms[i], sqrt(bread[i, i])) }
  emit(case, "df", "all", sum(bread * z$info)); emit(case, "loglik", "null", l$state(rep(0, length(k)))$loglik); emit(case, "loglik", "final", z$loglik)
  emit(case, "penalty", "final", sum(k * (b - mean)^2) / 2)
  if (ties == "breslow") {
    u <- l$parts(b); v <- bread %*% crossprod(u) %*% bread
    if (convention == "crr" || cluster == "") for (i in seq_along(terms)) emit(case, if (convention == "crr") "se" else "robust_se", terms[i], sqrt(v[i, i]))
    if (cluster != "") { v <- bread %*% crossprod(rowsum(u, l$d[[cluster]])) %*% bread; for (i in seq_along(terms)) emit(case, "robust_se", terms[i], sqrt(v[i, i])) }
  }
}
net <- function(case, data, exit, status, terms, alpha, share, convention, cause = 1, entry = "", strata = "", weights = "") {
  l <- likelihood(data, exit, status, terms, convention, cause, entry, strata, weights); total <- sum(l$w); p <- length(terms)
  centre <- colSums(l$w * l$x) / total; unit <- sqrt(colSums(l$w * t(t(l$x) - centre)^2) / total)
  at <- function(u) { z <- l$state(u / unit); list(g = z$score / unit / total, h = z$info / outer(unit, unit) / total, loglik = z$loglik) }
  most <- max(abs(at(rep(0, p))$g)) / max(alpha, 1e-3); lambda <- most * share; u <- rep(0, p)
  note(case, data, exit, status, terms, convention, cause, entry, strata, "", weights, "", alpha = alpha, lambda = sprintf("%.17g", lambda))
  emit(case, "largest", "", most)
  for (m in seq_along(lambda)) {
    l1 <- lambda[m] * alpha; l2 <- lambda[m] * (1 - alpha)
    for (round in 1:200) { # Newton's model, solved by coordinates.
      z <- at(u); wrong <- max(ifelse(u == 0, pmax(abs(z$g) - l1, 0), abs(z$g - l2 * u - l1 * sign(u)))); if (wrong < 1e-13) break
      v <- u; g <- z$g
      for (sweep in 1:5000) { move <- 0
        for (j in 1:p) { pull <- g[j] + z$h[j, j] * v[j]; to <- sign(pull) * max(abs(pull) - l1, 0) / (z$h[j, j] + l2); by <- to - v[j]
          if (by != 0) { v[j] <- to; g <- g - z$h[, j] * by; move <- max(move, abs(by)) } }
        if (move < 1e-16) break }
      u <- v
    }
    stopifnot(wrong < 1e-12)
    for (j in 1:p) emit(case, "net", paste(m, terms[j]), u[j] / unit[j])
    emit(case, "net_loglik", m, at(u)$loglik)
  }
}
# Without penalty the sums over all pairs are those of the packages.
t3 <- c("age", "match", "dose"); flat <- function(l) { b <- rep(0, ncol(l$x)); for (i in 1:20) { z <- l$state(b); b <- b + solve(z$info, z$score) }; b }
r <- read("fg-register"); f <- crr(r$exit, r$cause, as.matrix(r[t3]), gtol = 1e-10)
stopifnot(max(abs(flat(likelihood("fg-register", "exit", "cause", t3, "crr")) - f$coef)) < 1e-7)
r$kind <- factor(r$cause, 0:2, c("censor", "k1", "k2")); r$subject <- seq_len(nrow(r))
e <- finegray(Surv(entry, exit, kind) ~ ., data = r[c("subject", "entry", "exit", "kind", t3)], etype = "k1", id = subject, timefix = FALSE)
for (ties in c("efron", "breslow")) {
  f <- coxph(Surv(fgstart, fgstop, fgstatus) ~ age + match + dose, e, weights = fgwt, ties = ties, control = coxph.control(eps = 1e-12, toler.chol = 1e-14, timefix = FALSE))
  stopifnot(max(abs(flat(likelihood("fg-register", "exit", "cause", t3, "finegray", entry = "entry", ties = ties)) - coef(f))) < 1e-9)
}
for (convention in c("crr", "finegray")) {
  n <- function(x) paste0(convention, "-", x)
  prior(n("small-ridge"), "fg-small", "time", "cause", c("x1", "x2", "x3"), c(0, 0, 0), c(0.3, 0.3, 0.3), convention)
  prior(n("small-2"), "fg-small", "time", "cause", c("x1", "x2", "x3"), c(0.5, 0, -0.2), c(0.4, Inf, 0.3), convention, cause = 2)
  prior(n("register"), "fg-register", "exit", "cause", t3, c(0.01, -0.2, 0), c(0.01, 0.2, 0.1), convention)
  prior(n("register-cluster"), "fg-register", "exit", "cause", t3, c(0, -0.5, 0.1), c(0.02, 0.1, Inf), convention, cluster = "centre")
  prior(n("register-late"), "fg-register", "exit", "cause", t3, c(0, 0, 0), c(0.05, 0.05, 0.05), convention, entry = "entry", strata = "country")
  if (convention == "finegray") for (x in c("small", "register")) prior(paste0("finegray-efron-", x), paste0("fg-", x), if (x == "small") "time" else "exit", "cause",
    if (x == "small") c("x1", "x2", "x3") else t3, c(0.1, -0.2, 0), c(0.02, 0.2, 0.1), convention, ties = "efron")
  for (alpha in c(1, 0.5, 0)) {
    shares <- c(0.9, 0.5, 0.2, 0.05, 0.005); m <- function(x) paste0(convention, "-net-", x, "-", alpha)
    net(m("small"), "fg-small", "time", "cause", c("x1", "x2", "x3"), alpha, shares, convention)
    net(m("register"), "fg-register", "exit", "cause", c(t3, "off"), alpha, shares, convention)
    net(m("register-late"), "fg-register", "exit", "cause", t3, alpha, shares, convention, cause = 2, entry = "entry", strata = "country", weights = "wt")
  }
}
write.csv(do.call(rbind, cases), "survival/fine-gray-penalised-cases.csv", row.names = FALSE, quote = FALSE)
write.csv(do.call(rbind, expected), "survival/fine-gray-penalised-expected.csv", row.names = FALSE, quote = FALSE)
