# Cumulative incidences of new rows with standard errors and log-log intervals from a Fine-Gray model:
# R's finegray, coxph with errors by subject, and survfit, on ../model/mgus2.csv (model.R writes it).
# Run: cd tests/reference/survival && Rscript ../survival-fine-gray-intervals.R
library(survival)
d <- read.csv("../model/mgus2.csv")
d$event <- factor(d$end, c("none", "pcm", "death"))
ctl <- coxph.control(eps = 1e-13, iter.max = 60, toler.chol = 1e-14)
fg <- finegray(Surv(time, event) ~ age + male + hgb + id, d, etype = "pcm")
out <- NULL
for (ties in c("efron", "breslow")) {
  f <- coxph(Surv(fgstart, fgstop, fgstatus) ~ age + male + hgb, fg, weights = fgwt,
             cluster = id, ties = ties, control = ctl)
  s <- summary(survfit(f, newdata = d[c(1, 50, 500), ], conf.type = "log-log"),
               times = c(12, 60, 120, 240))
  for (k in 1:3) for (i in 1:4)
    out <- c(out, sprintf("%s,%d,%g,%.17g,%.17g,%.17g,%.17g", ties, c(1, 50, 500)[k], s$time[i],
                          1 - s$surv[i, k], s$std.err[i, k], 1 - s$upper[i, k], 1 - s$lower[i, k]))
}
writeLines(c("ties,row,time,estimate,se,lower,upper", out), "fine-gray-intervals.csv")
