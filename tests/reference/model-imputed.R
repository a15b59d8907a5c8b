# Golden values for multiple imputation: Rubin's rules as of R's mice, and what mice itself makes
# of the same rows. Run in this folder: Rscript model-imputed.R
# Writes model/imputed-rows.csv (random rows with holes), model/imputed-completed.csv (five
# completed data sets of mice), and model/imputed-golden.csv.
suppressMessages({library(survival); library(mice)})
options(digits = 17)
set.seed(20250311)
n <- 500
x <- rnorm(n); z <- 0.6 * x + rnorm(n)
g <- factor(c("a", "b", "c")[1 + (runif(n) < plogis(0.8 * x)) + (runif(n) < 0.25)])
t1 <- rexp(n, 0.02 * exp(0.6 * x - 0.4 * z + 0.5 * (g == "b") + 0.9 * (g == "c")))
t2 <- rexp(n, 0.015 * exp(0.3 * z)); cens <- runif(n, 10, 90)
time <- round(pmin(t1, t2, cens), 1) + 0.1
end <- ifelse(pmin(t1, t2) <= cens, ifelse(t1 <= t2, "breakdown", "home"), "censored")
rows <- data.frame(time, end, x = round(x, 3), z = round(z, 3), g = as.character(g))
# What is unknown depends on what is known: z and the outcome.
rows$x[runif(n) < plogis(-1.2 + 0.8 * rows$z)] <- NA
rows$g[runif(n) < plogis(-1.6 + 0.7 * (rows$end == "breakdown"))] <- NA
write.csv(rows, "model/imputed-rows.csv", row.names = FALSE, quote = FALSE, na = "")
d <- read.csv("model/imputed-rows.csv", na.strings = "", stringsAsFactors = TRUE)

# White & Royston (2009): the event and the Nelson-Aalen hazard; here of both causes.
na <- function(status) { f <- survfit(Surv(d$time, status) ~ 1, ctype = 1)
  f$cumhaz[match(d$time, f$time)] }
d$e1 <- as.numeric(d$end == "breakdown"); d$e2 <- as.numeric(d$end == "home")
d$h1 <- na(d$e1); d$h2 <- na(d$e2)
out <- data.frame(set = character(), term = character(), metric = character(), value = numeric())
put <- function(set, term, metric, value)
  out[nrow(out) + 1, ] <<- list(set, term, metric, sprintf("%.15g", value))
impute <- function(m, maxit, seed) {
  vars <- d[, c("x", "z", "g", "e1", "e2", "h1", "h2")]
  imp <- mice(vars, m = m, maxit = maxit, seed = seed, printFlag = FALSE)
  lapply(seq_len(m), function(k) cbind(time = d$time, end = d$end, complete(imp, k)))
}
tell <- function(set, sets) {
  fits <- lapply(sets, function(s) coxph(Surv(time, end == "breakdown") ~ x + z + g, data = s))
  p <- pool(as.mira(fits), dfcom = fits[[1]]$nevent - length(coef(fits[[1]])))
  s <- summary(p, conf.int = TRUE)
  for (k in seq_len(nrow(s))) {
    term <- c("x", "z", "g=b", "g=c")[k]; q <- p$pooled[k, ]
    for (m in c("estimate", "ubar", "b", "df", "fmi")) put(set, term, m, q[[m]])
    put(set, term, "se", s$std.error[k]); put(set, term, "p", s$p.value[k])
    put(set, term, "lower", s[["2.5 %"]][k]); put(set, term, "upper", s[["97.5 %"]][k])
  }
  # D1 of Li, Raghunathan & Rubin (1991): mice has it for other models than Cox's.
  k <- nrow(s); m <- length(fits); Q <- sapply(fits, coef); qbar <- rowMeans(Q)
  U <- Reduce(`+`, lapply(fits, vcov)) / m; B <- var(t(Q))
  r <- (1 + 1 / m) * sum(diag(B %*% solve(U))) / k
  f <- drop(t(qbar) %*% solve(U) %*% qbar) / (k * (1 + r)); t <- k * (m - 1)
  nu <- 4 + (t - 4) * (1 + (1 - 2 / t) / r)^2
  w <- c(f, k, nu, pf(f, k, nu, lower.tail = FALSE))
  for (k in 1:4) put(set, "all", c("f", "df1", "df2", "wald_p")[k], w[k])
}
five <- impute(5, 10, 7)
write.csv(do.call(rbind, lapply(1:5, function(k) data.frame(set = k, five[[k]][, c("time", "end", "x", "z", "g")]))),
          "model/imputed-completed.csv", row.names = FALSE, quote = FALSE)
tell("five", five)
tell("many", impute(200, 20, 8))     # what mice says of the rows, without chance of its own
whole <- coxph(Surv(time, e1) ~ x + z + g, data = d)  # complete rows only: what it is better than
for (k in 1:4) { put("complete", c("x", "z", "g=b", "g=c")[k], "estimate", coef(whole)[k])
  put("complete", c("x", "z", "g=b", "g=c")[k], "se", sqrt(vcov(whole)[k, k])) }
write.csv(out, "model/imputed-golden.csv", row.names = FALSE, quote = FALSE)
