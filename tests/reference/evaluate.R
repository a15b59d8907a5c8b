# Golden values for src/evaluate, from R (survival, riskRegression, splines).
# Run in this folder: Rscript evaluate.R
# Writes evaluate-rows.csv (the rows and predictions; content is random) and evaluate-golden.csv.
suppressMessages({library(survival); library(riskRegression); library(splines)})
options(digits = 17)
set.seed(20240501)
n <- 300
x <- rnorm(n); z <- rnorm(n)
t1 <- rexp(n, 0.010 * exp(0.9 * x)); t2 <- rexp(n, 0.008 * exp(-0.4 * z)); cens <- runif(n, 5, 160)
time <- ceiling(pmin(t1, t2, cens) / 4) * 4             # coarse: many ties, also with censorings
cause <- ifelse(pmin(t1, t2) <= cens, ifelse(t1 <= t2, 1, 2), 0)
h <- c(24, 60, 100)
risk <- function(t, b, shift = 0) { l <- 0.010 * exp(b * x + shift); m <- 0.008 * exp(-0.4 * z); l / (l + m) * (1 - exp(-(l + m) * t)) }
a <- sapply(h, function(t) round(risk(t, 1.3, -0.2), 3))  # rounded: ties among predictions
b <- sapply(h, function(t) risk(t, 0.5))
entry <- ifelse(runif(n) < 0.4, floor(runif(n, 0, 30)), 0)
entry <- ifelse(entry < time, entry, 0)
rows <- data.frame(entry, time, cause, a, b)
names(rows) <- c("entry", "time", "cause", paste0("a", h), paste0("b", h))
write.csv(rows, "evaluate-rows.csv", row.names = FALSE, quote = FALSE)
rows <- read.csv("evaluate-rows.csv")                     # what Rust reads

out <- data.frame(set = character(), model = character(), metric = character(), time = numeric(), value = numeric())
put <- function(set, model, metric, time, value)
  out[nrow(out) + 1, ] <<- list(set, model, metric, time, sprintf("%.15g", value))

# Censoring weights by hand: the masses S(T-)/Y(T) and S(h)/Y(h+), for late entry too.
masses <- function(entry, time, cause) {
  y <- function(t) sum(entry < t & time >= t)
  u <- sort(unique(time[cause != 0])); s <- cumprod(1 - sapply(u, function(t) sum(time == t & cause != 0) / y(t)))
  before <- function(t) c(1, s)[1 + findInterval(t, u, left.open = TRUE)]
  upto <- function(t) c(1, s)[1 + findInterval(t, u)]
  function(t) ifelse(time > t, ifelse(entry <= t, upto(t) / sum(entry <= t & time > t), 0),
                     ifelse(cause == 0, 0, sapply(time, function(v) before(v) / y(v))))
}
calibrate <- function(set, model, t, p, y, w, late) {
  eta <- log(-log1p(-pmin(pmax(p, 1e-6), 1 - 1e-6))); keep <- w > 0
  ctl <- glm.control(epsilon = 1e-15, maxit = 100); fam <- quasibinomial(link = "cloglog")
  put(set, model, "intercept", t, coef(glm(y ~ offset(eta), fam, weights = w, control = ctl, subset = keep)))
  put(set, model, "slope", t, coef(glm(y ~ eta, fam, weights = w, control = ctl, subset = keep))[2])
  q <- quantile(eta, c(.05, .35, .65, .95))
  # A straight line where fewer than 40 rows have, or do not have, the event.
  few <- min(sum(y[keep] == 1), sum(y[keep] == 0)) < 40
  form <- if (few) y ~ eta else y ~ ns(eta, knots = q[2:3], Boundary.knots = q[c(1, 4)])
  environment(form) <- environment()
  curve <- glm(form, fam, weights = w, control = ctl, subset = keep)
  d <- abs(predict(curve, data.frame(eta = eta), type = "response") - p)
  if (late) put(set, model, "ici", t, weighted.mean(d, w)) else {
    put(set, model, "ici", t, mean(d)); put(set, model, "e50", t, median(d)); put(set, model, "e90", t, quantile(d, .9)) }
}
# Concordance straight from its definition, over all pairs.
pairs <- function(set, model, p, entry, time, cause, tau, m) {
  hc <- hp <- uc <- up <- 0
  for (i in which(cause == 1 & time <= tau)) {
    lasting <- entry < time[i] & (time > time[i] | (time == time[i] & cause == 0))
    ended <- cause > 1 & time <= time[i]
    ok <- as.numeric(lasting | ended); w <- m[i] * (m[i] * lasting + m * ended)
    s <- (p[i] > p) + 0.5 * (p[i] == p)
    hp <- hp + sum(ok); hc <- hc + sum(ok * s); up <- up + sum(w); uc <- uc + sum(w * s)
  }
  put(set, model, "c_harrell", tau, hc / hp); put(set, model, "c_uno", tau, uc / up)
}
judge <- function(set, d, score) {
  late <- any(d$entry > 0); w <- masses(d$entry, d$time, d$cause)
  for (model in c("a", "b")) {
    P <- as.matrix(d[, paste0(model, h)])
    if (score) {                                           # the official answer
      # A copy, since Score reorders what it is given.
      form <- if (any(d$cause == 2)) Hist(time, cause) ~ 1 else Hist(time, cause == 1) ~ 1
      s <- Score(list(m = P), formula = form, data = data.table::copy(data.table::as.data.table(d)), cause = 1, times = h, summary = c("ipa", "ibs"),
                 plots = "roc", se.fit = FALSE, cens.model = "km")
      for (t in h) {
        put(set, model, "auc", t, s$AUC$score[times == t]$AUC)
        br <- s$Brier$score[times == t]; put(set, model, "brier", t, br[model == "m"]$Brier)
        put(set, model, "scaled_brier", t, br[model == "m"]$IPA)
        put(set, model, "ibs_step", t, br[model == "m"]$IBS)
      }
    }
    for (k in seq_along(h)) {
      t <- h[k]; p <- P[, k]; wt <- w(t); case <- d$time <= t & d$cause == 1
      F <- sum(wt[case])
      if (!score) {
        wc <- outer(wt[case], wt[!case]); g <- outer(p[case], p[!case], ">") + 0.5 * outer(p[case], p[!case], "==")
        put(set, model, "auc", t, sum(wc * g) / sum(wc)); put(set, model, "brier", t, sum(wt * (case - p)^2))
        put(set, model, "scaled_brier", t, 1 - sum(wt * (case - p)^2) / (F * (1 - F)))
      }
      aj <- summary(survfit(Surv(entry, time, factor(cause, 0:2)) ~ 1, data = d, id = seq_len(nrow(d))), times = t)$pstate[2]
      put(set, model, "incidence", t, aj)
      put(set, model, "oe", t, aj / if (late) weighted.mean(p, wt) else mean(p))
      for (th in c(0.1, 0.3)) put(set, model, paste0("nb", th), t, sum(wt * (p >= th) * (case - (!case) * th / (1 - th))))
      calibrate(set, model, t, p, as.numeric(case), wt, late)
    }
    m <- w(max(d$time)); pairs(set, model, P[, 3], d$entry, d$time, d$cause, 100, ifelse(d$cause == 0, 0, m))
    if (score && !any(d$cause == 2)) {
      put(set, model, "concordance", Inf, concordance(Surv(time, cause) ~ P[, 3], d, reverse = TRUE)$concordance)
      put(set, model, "concordance_uno", Inf, concordance(Surv(time, cause) ~ P[, 3], d, reverse = TRUE, timewt = "n/G2")$concordance)
    }
  }
}
plain <- transform(rows, entry = -1)
judge("competing", plain, TRUE)
judge("single", transform(plain, cause = as.numeric(cause == 1)), TRUE)
judge("late", rows, FALSE)
write.csv(out, "evaluate-golden.csv", row.names = FALSE, quote = FALSE)
