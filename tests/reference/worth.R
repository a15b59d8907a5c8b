# Expected values for what another policy would have changed. Run in this directory: Rscript worth.R
# The choice model without a ridge is survival's clogit; with one, the penalised likelihood is written from its
# definition and maximised by optim and Newton steps with numeric derivatives. Folds, weights, estimates, influences and
# the jackknife by family (families left out one by one) follow their definitions in the papers that estimate.rs names.
# Writes worth-choices.csv and worth-expected.csv.
suppressMessages(library(survival))
options(digits = 17)
set.seed(20261123)
n <- 360
rows <- do.call(rbind, lapply(seq_len(n), function(k) {
  m <- sample(2:5, 1); family <- sample(40, m)
  x1 <- round(rnorm(m), 3); x2 <- round(5 + 2 * rnorm(m), 3); x3 <- as.integer(family %% 2 == 0)
  p <- exp(-0.5 * x1 + 0.1 * x2 + 0.5 * x3); chosen <- sample(m, 1, prob = p)
  risk <- plogis(-0.8 + 0.7 * x1[chosen] + 0.1 * (family[chosen] %% 7 - 3))
  known <- as.integer(runif(1) < 0.85)
  weight <- known * round(1 + 0.4 * runif(1), 3)
  data.frame(choice = k, x1, x2, x3, chosen = as.integer(seq_len(m) == chosen),
             outcome = known * as.integer(runif(1) < risk), weight, cluster = family[chosen], unit = (k * 7) %% 90)
}))
write.csv(rows, "worth-choices.csv", row.names = FALSE, quote = FALSE)
expected <- list()
emit <- function(what, item, value) expected[[length(expected) + 1]] <<- data.frame(what, item, value = sprintf("%.17g", value))
X <- as.matrix(rows[, c("x1", "x2", "x3")])

fit <- clogit(chosen ~ x1 + x2 + x3 + strata(choice), rows, method = "exact", control = coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 50))
for (j in 1:3) { emit("clogit", paste0("coef", j), coef(fit)[j]); emit("clogit", paste0("se", j), sqrt(vcov(fit)[j, j])) }

# Chances of the options of all choices by a ridge of 1 on columns divided by their spread within the choices given.
loglik <- function(b, z, choice, chosen) {
  eta <- as.vector(z %*% b)
  sum(eta[chosen == 1]) - sum(log(tapply(exp(eta), choice, sum))) - 0.5 * sum(b^2)
}
chances <- function(some) {
  within <- X[some, ] - apply(X[some, ], 2, function(v) ave(v, rows$choice[some]))
  spread <- sqrt(colMeans(within^2))
  z <- sweep(X, 2, spread, "/")
  f <- function(b) -loglik(b, z[some, ], rows$choice[some], rows$chosen[some])
  b <- optim(rep(0, 3), f, method = "BFGS", control = list(reltol = 1e-16, maxit = 1000))$par
  gradient <- function(b) sapply(1:3, function(j) { # exact: chosen less expected
    q <- exp(as.vector(z[some, ] %*% b)); q <- q / ave(q, rows$choice[some], FUN = sum)
    sum(z[some, j] * (rows$chosen[some] - q)) - b[j]
  })
  for (i in 1:20) { # Newton, curvature by differences of the gradient
    h <- sapply(1:3, function(j) { e <- replace(rep(0, 3), j, 1e-5); (gradient(b + e) - gradient(b - e)) / 2e-5 })
    b <- b - solve(h, gradient(b))
  }
  q <- exp(as.vector(z %*% b)); q / ave(q, rows$choice, FUN = sum)
}
first <- rows[!duplicated(rows$choice), ]
fold <- (match(first$unit, sort(unique(first$unit))) - 1) %% 5
e <- numeric(nrow(rows)); raw <- plogis(-1 + 0.8 * rows$x1 - 0.1 * rows$x2); risk <- numeric(nrow(rows))
for (k in 0:4) {
  train <- rows$choice %in% first$choice[fold != k]
  e[!train] <- chances(train)[!train]
  # Calibration: the outcome on the logit of the risk, with a weak pull to (0, 1).
  d <- which(train & rows$chosen == 1 & rows$weight > 0); x <- qlogis(raw[d]); y <- rows$outcome[d]; w <- rows$weight[d]
  ab <- c(0, 1)
  for (i in 1:60) {
    m <- plogis(ab[1] + ab[2] * x); v <- w * m * (1 - m)
    g <- c(sum(w * (y - m)), sum(w * (y - m) * x)) - 0.1 * (ab - c(0, 1))
    ab <- ab + solve(matrix(c(sum(v) + 0.1, sum(v * x), sum(v * x), sum(v * x^2) + 0.1), 2), g)
  }
  stopifnot(ab[2] > 0)
  risk[!train] <- plogis(ab[1] + ab[2] * qlogis(raw[!train]))
}
by <- function(v) as.vector(tapply(v, rows$choice, sum))
here <- risk[rows$chosen == 1]; y <- first$outcome; u <- first$weight * n / sum(first$weight); cluster <- first$cluster
policies <- list(lowest_risk = { low <- ave(raw, rows$choice, FUN = min); as.numeric(raw == low) / ave(as.numeric(raw == low), rows$choice, FUN = sum) },
                 leaning = { t <- e * exp(-qlogis(raw)); t / ave(t, rows$choice, FUN = sum) })
for (name in names(policies)) {
  pi <- policies[[name]]
  rho <- (pi / e)[rows$chosen == 1] * u; model <- by(pi * risk)
  interval <- function(value, influence) {
    s <- as.vector(tapply(influence, cluster, sum)); g <- length(s)
    half <- qt(0.975, min(sum(s^2)^2 / sum(s^4), g - 1)) * sqrt(sum(s^2) * g / (g - 1)) / n
    c(value, value - half, value + half)
  }
  history <- mean(u * y); base <- u * (y - history); ipw <- mean(rho * y); hajek <- sum(rho * y) / sum(rho)
  # Leaving one family out moves the weighted mean by this much; spread over its choices as they weigh.
  moved <- sapply(seq_len(n), function(k) { out <- cluster == cluster[k]; own <- rho[out] * (y[out] - hajek)
    total <- hajek - sum((rho * y)[!out]) / sum(rho[!out]); n * total / sum(out) })
  dr <- here + u * (y - here) - model - rho * (y - here)
  all <- rbind(ipw = interval(history - ipw, base - (rho * y - ipw)), self_normalised = interval(history - hajek, base - moved),
               doubly_robust = interval(mean(dr), dr - mean(dr)))
  for (m in rownames(all)) for (i in 1:3) emit(name, paste0(m, c("", "_lower", "_upper")[i]), all[m, i])
  emit(name, "effective", sum(rho)^2 / sum(rho^2))
  emit(name, "without_overlap", mean(by(pi * (e < 0.01 * pi))))
  emit(name, "claims", mean(raw[rows$chosen == 1] - by(pi * raw)))
}
write.csv(do.call(rbind, expected), "worth-expected.csv", row.names = FALSE, quote = FALSE)
