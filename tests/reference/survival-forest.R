# The expected ends of a log-rank test, for the test of the survival forest's splits.
library(survival)
time <- c(1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 8, 8)
status <- c(1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 0)
group <- c(0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1)
d <- survdiff(Surv(time, status) ~ group)
cat(sprintf("%.15f\n", d$exp))

# Pseudo-values of a cumulative incidence, for the test of learners/pseudo.rs.
y <- Surv(c(1, 2, 2, 3, 4, 5, 6, 6, 7, 8), factor(c(1, 0, 2, 1, 0, 2, 1, 0, 1, 0), 0:2))
p <- pseudo(survfit(y ~ 1), times = 5)
cat(sprintf("%.15f", p[, "1"]), sep = ",\n")
