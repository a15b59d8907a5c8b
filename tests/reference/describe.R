# Golden values for `describe`: survfit, survdiff and cmprsk::cuminc on made-up spells.
# Run in this folder: Rscript describe.R    (R 4.2, survival 3.5-3, cmprsk 2.2-11)
suppressMessages({ library(survival); library(cmprsk) })
set.seed(903)
n <- 120
g <- rep(c("general", "network"), length.out = n)
# Whole days, so that there are ties.
t <- ceiling(rexp(n, ifelse(g == "network", 1/500, 1/320)))
cause <- sample(0:2, n, TRUE, c(.3, .45, .25))
entry <- ifelse(runif(n) < .3, floor(t * runif(n)), 0)
rows <- data.frame(group = g, entry = entry, exit = t, cause = cause)
write.csv(rows, "describe-rows.csv", row.names = FALSE, quote = FALSE)
out <- data.frame()
put <- function(set, group, what, time, value)
  out <<- rbind(out, data.frame(set, group, what, time, value = sprintf("%.17g", value)))
at <- c(90, 180, 365, 600)
for (set in c("start", "late")) {
  d <- rows; if (set == "start") d$entry <- 0
  any <- if (set == "start") Surv(d$exit, d$cause > 0) else Surv(d$entry, d$exit, d$cause > 0)
  for (grp in unique(g)) {
    k <- d$group == grp
    f <- survfit(any[k] ~ 1, conf.type = "log-log")
    s <- summary(f, times = at)
    for (i in seq_along(at)) {
      put(set, grp, "survival", at[i], s$surv[i]); put(set, grp, "lower", at[i], s$lower[i])
      put(set, grp, "upper", at[i], s$upper[i])
      e <- d[k, ]
      put(set, grp, "at_risk", at[i], sum(e$entry < at[i] & e$exit >= at[i]))
    }
    m <- survival:::survmean(f, rmean = 600)$matrix
    put(set, grp, "rmst", 600, m[["rmean"]]); put(set, grp, "rmst_se", 600, m[["se(rmean)"]])
    q <- quantile(f, 0.5)
    for (what in c("quantile", "lower", "upper")) put(set, grp, paste0("median_", what), 0, q[[what]])
    h <- survfit(any[k] ~ 1, stype = 2, ctype = 1); i <- findInterval(at, h$time)
    for (j in seq_along(at)) { put(set, grp, "hazard", at[j], h$cumhaz[i[j]]); put(set, grp, "hazard_se", at[j], h$std.chaz[i[j]]) }
    ms <- factor(d$cause[k], 0:2, c("censored", "breakdown", "home"))
    id <- seq_len(sum(k))
    m <- if (set == "start") survfit(Surv(d$exit[k], ms) ~ 1, id = id, conf.type = "log-log") else
      survfit(Surv(d$entry[k], d$exit[k], ms) ~ 1, id = id, conf.type = "log-log")
    m <- summary(m, times = at)
    for (i in seq_along(at)) for (cs in c("breakdown", "home"))
      put(set, grp, paste0("cif_", cs), at[i], m$pstate[i, which(m$states == cs)])
  }
  # With late entry Gray's test is not defined, and survdiff takes none either.
  if (set == "start") {
    lr <- survdiff(any ~ d$group)
    put(set, "", "logrank", 0, lr$chisq)
    # Peto and Peto's weights, and within strata of the day of the start.
    half <- rep(1:3, length.out = n)
    put(set, "", "peto", 0, survdiff(any ~ d$group, rho = 1)$chisq)
    put(set, "", "logrank_strata", 0, survdiff(any ~ d$group + strata(half))$chisq)
    put(set, "", "peto_strata", 0, survdiff(any ~ d$group + strata(half), rho = 1)$chisq)
    cu <- cuminc(d$exit, d$cause, d$group, half, rho = 0.5)
    for (cs in 1:2) put(set, "", paste0("gray_strata_", c("breakdown", "home")[cs]), 0, cu$Tests[cs, "stat"])
    cu <- cuminc(d$exit, d$cause, d$group)
    for (cs in 1:2) put(set, "", paste0("gray_", c("breakdown", "home")[cs]), 0, cu$Tests[cs, "stat"])
  }
}
write.csv(out, "describe-golden.csv", row.names = FALSE, quote = FALSE)
