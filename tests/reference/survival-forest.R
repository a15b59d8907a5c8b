# The expected ends of a log-rank test, for the test of the survival forest's splits.
library(survival)
time <- c(1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 8, 8)
status <- c(1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 0)
group <- c(0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1)
d <- survdiff(Surv(time, status) ~ group)
cat(sprintf("%.15f\n", d$exp))
