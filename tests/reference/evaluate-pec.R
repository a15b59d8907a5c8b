# Golden values of R's pec, and of the definitions of timeROC, for evaluate-rows.csv.
# Run in this folder: Rscript evaluate-pec.R; writes evaluate-pec.csv.
suppressMessages({library(survival); library(pec); library(prodlim)})
options(digits = 17)
rows <- read.csv("evaluate-rows.csv"); h <- c(24, 60, 100)
out <- data.frame(set = character(), model = character(), metric = character(), time = numeric(), value = character())
put <- function(set, model, metric, time, value)
  out[nrow(out) + 1, ] <<- list(set, model, metric, time, sprintf("%.15g", value))
for (set in c("competing", "single")) {
  d <- rows; if (set == "single") d$cause <- as.numeric(d$cause == 1)
  n <- nrow(d)
  # Censoring by hand: at a tied time an end comes before a censoring (as in prodlim).
  u <- sort(unique(d$time)); y <- sapply(u, function(t) sum(d$time >= t))
  e <- sapply(u, function(t) sum(d$time == t & d$cause > 0)); cc <- sapply(u, function(t) sum(d$time == t & d$cause == 0))
  G <- cumprod(1 - ifelse(y > e, cc / (y - e), 0))
  before <- function(t) c(1, G)[1 + findInterval(t, u, left.open = TRUE)]
  upto <- function(t) c(1, G)[1 + findInterval(t, u)]
  for (model in c("a", "b")) {
    P <- as.matrix(d[, paste0(model, h)])
    pred <- if (set == "single") 1 - cbind(0, P) else cbind(0, P)
    fit <- pec(list(m = pred), formula = Hist(time, cause) ~ 1, data = d, cause = 1, times = c(0, h), exact = FALSE,
               start = NULL, cens.model = "marginal", reference = FALSE, verbose = FALSE)
    for (k in 1:3) put(set, model, "brier", h[k], fit$AppErr$m[k + 1])
    put(set, model, "ibs_step", 100, as.numeric(unlist(crps(fit, times = 100))[1]))
    # timeROC: the area by its estimators of sensitivity and specificity. Definition 2: controls
    # are all who had no event of the cause by t; definition 1: only those still under way.
    for (k in 1:3) {
      t <- h[k]; p <- P[, k]; case <- d$time <= t & d$cause == 1
      w <- ifelse(case, 1 / before(d$time), 0)
      two <- ifelse(d$time > t, 1 / upto(t), ifelse(d$cause > 1, 1 / before(d$time), 0))
      one <- ifelse(d$time > t, 1 / upto(t), 0)
      area <- function(v) { z <- outer(p[w > 0], p[v > 0], ">") + 0.5 * outer(p[w > 0], p[v > 0], "==")
        ww <- outer(w[w > 0], v[v > 0]); sum(ww * z) / sum(ww) }
      put(set, model, "auc", t, area(two)); put(set, model, "auc_under_way", t, area(one))
    }
  }
}
write.csv(out, "evaluate-pec.csv", row.names = FALSE, quote = FALSE)
