# Golden values for `describe` with weights: survfit on the made-up spells of describe.R, with errors
# from sums of squared influences, as survfit has them for weights that are not whole.
# Run in this folder, after describe.R: Rscript describe-weights.R
library(survival)
d <- read.csv("describe-rows.csv")
d$w <- 0.5 + (seq_len(nrow(d)) %% 7) / 4
out <- data.frame()
put <- function(group, what, time, value)
  out <<- rbind(out, data.frame(group, what, time, value = sprintf("%.17g", value)))
at <- c(90, 180, 365, 600)
for (g in c("general", "network")) {
  e <- d[d$group == g, ]
  f <- survfit(Surv(exit, cause > 0) ~ 1, e, weights = w, robust = TRUE, conf.type = "log-log")
  s <- summary(f, times = at)
  h <- survfit(Surv(exit, cause > 0) ~ 1, e, weights = w, stype = 2, ctype = 1)
  e$state <- factor(e$cause, 0:2, c("censored", "breakdown", "home"))
  m <- summary(survfit(Surv(exit, state) ~ 1, e, weights = w, id = seq_len(nrow(e))), times = at)
  k <- findInterval(at, h$time)
  for (i in seq_along(at)) {
    put(g, "survival", at[i], s$surv[i]); put(g, "lower", at[i], s$lower[i])
    put(g, "upper", at[i], s$upper[i]); put(g, "hazard", at[i], h$cumhaz[k[i]])
    for (cause in c("breakdown", "home"))
      put(g, paste0("cif_", cause), at[i], m$pstate[i, which(m$states == cause)])
  }
  put(g, "rmst", 600, survival:::survmean(f, rmean = 600)$matrix[["rmean"]])
  put(g, "median", 0, quantile(f, 0.5)$quantile)
}
write.csv(out, "describe-weights-golden.csv", row.names = FALSE, quote = FALSE)
