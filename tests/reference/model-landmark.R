# Golden values for landmark models: the rows of model/landmark-wide.csv (one line per stay, with the
# features at 3, 6 and 12 months side by side; simulated) stacked by hand and fitted with coxph.
# Run in this folder: Rscript model-landmark.R; writes model/landmark-golden.csv.
library(survival)
options(digits = 17)
d <- read.csv("model/landmark-wide.csv")
f <- c("age", "alliance", "alliance_change", "helper_changes_12m", "other_children_wellbeing")
month <- 365.25 / 12
stack <- do.call(rbind, lapply(c(3, 6, 12), function(s) {
  at <- d$exit > s * month                       # still there at the landmark
  # On the clock since the start, from the landmark on, or from when it came under observation.
  entry <- pmax(s * month, d[[paste0("entry_", s)]])
  rows <- data.frame(child = d$child, landmark = s, entry, exit = d$exit, event = d$event, d[paste0(f, "_", s)])
  names(rows)[6:10] <- f
  rows[at & !is.na(entry), ]
}))
whole <- stack[complete.cases(stack), ]
fit <- coxph(Surv(entry, exit, event) ~ age + alliance + alliance_change + helper_changes_12m + other_children_wellbeing +
               strata(landmark), data = whole, cluster = child, ties = "efron")
out <- data.frame(term = c("rows", f), a = sprintf("%.15g", c(nrow(whole), coef(fit))),
                  b = sprintf("%.15g", c(sum(whole$event), sqrt(diag(fit$naive.var)))),
                  c = sprintf("%.15g", c(0, sqrt(diag(fit$var)))))
write.csv(out, "model/landmark-golden.csv", row.names = FALSE, quote = FALSE)
