# Golden values of the model room: R's survival on rossi.csv (real data: Rossi et al. 1980; the
# file comes with the Python package lifelines, MIT licence), and risks from cause-specific models.
# Run: cd tests/reference/model && Rscript ../model.R
library(survival)
options(digits = 17)
ctl <- coxph.control(eps = 1e-13, iter.max = 60, toler.chol = 1e-14)
put <- function(name, values) cat(name, sprintf("%.17g", values), "\n", sep = " ", file = out)
out <- file("rossi.txt", "w")
r <- read.csv("rossi.csv")
for (ties in c("efron", "breslow")) {
  f <- coxph(Surv(week, arrest) ~ fin + age + race + wexp + mar + paro + prio, r,
             ties = ties, control = ctl)
  put(paste0(ties, ".coef"), coef(f))
  put(paste0(ties, ".se"), sqrt(diag(vcov(f))))
  put(paste0(ties, ".loglik"), f$loglik)
  put(paste0(ties, ".p"), 2 * pnorm(-abs(coef(f) / sqrt(diag(vcov(f))))))
  s <- summary(f); w <- f$wald.test
  put(paste0(ties, ".tests"), c(s$logtest[1], w, s$sctest[1]))
  z <- cox.zph(f, transform = "km", terms = FALSE)$table
  put(paste0(ties, ".zph.chi2"), z[, 1])
  for (other in c("rank", "identity", "log"))
    put(paste0(ties, ".zph.", other, ".chi2"), cox.zph(f, transform = other, terms = FALSE)$table[, 1])
  put(paste0(ties, ".zph.p"), z[, 3])
  cc <- concordance(f)
  put(paste0(ties, ".concordance"), c(cc$concordance, sqrt(cc$var)))
}
# Stratified by race, clustered by age, with a factor.
f <- coxph(Surv(week, arrest) ~ fin + factor(paro) + prio + strata(race) + cluster(age), r,
           control = ctl)
put("strata.coef", coef(f)); put("strata.se", sqrt(diag(f$naive.var)))
put("strata.robust", sqrt(diag(vcov(f)))); put("strata.loglik", f$loglik)
# The risk of re-arrest by week 26 and 52 for the first five rows: 1 - S, from the Breslow-type
# baseline that goes with Efron ties (survfit's stype 2, ctype 2 is the Efron estimate).
f <- coxph(Surv(week, arrest) ~ fin + age + prio, r, control = ctl)
s <- survfit(f, newdata = r[1:5, ], stype = 2, ctype = 2)
q <- summary(s, times = c(26, 52))
put("risk.26", 1 - q$surv[1, ]); put("risk.52", 1 - q$surv[2, ])
put("risk.se.26", q$std.err[1, ]); put("risk.se.52", q$std.err[2, ])
close(out)

# Competing risks with late entry: mgus2 (R's survival), cause-specific models for both ends, the
# probability of pcm by 60 and 120 months given that 0 or 24 months have passed.
out <- file("mgus2.txt", "w")
d <- mgus2[complete.cases(mgus2[, c("age", "sex", "hgb", "creat")]), ]
d$male <- as.numeric(d$sex == "M")
d$time <- with(d, ifelse(pstat == 0, futime, ptime))
d$end <- with(d, ifelse(pstat == 1, "pcm", ifelse(death == 1, "death", "none")))
d$time[d$time == 0] <- 0.5
write.csv(d[, c("id", "age", "male", "hgb", "creat", "time", "end")], "mgus2.csv",
          row.names = FALSE, quote = FALSE)
d$event <- factor(d$end, c("none", "pcm", "death"))
pcm <- coxph(Surv(time, end == "pcm") ~ age + male + hgb, d, control = ctl)
death <- coxph(Surv(time, end == "death") ~ age + male + hgb, d, control = ctl)
put("pcm.coef", coef(pcm)); put("death.coef", coef(death))
put("pcm.se", sqrt(diag(vcov(pcm)))); put("death.se", sqrt(diag(vcov(death))))
# The combination by its definition, over all event times: F(t) = sum S(u-) dH1(u), S = exp(-H1-H2).
cif <- function(x, from, to) {
  hz <- function(f) {
    b <- basehaz(f, centered = FALSE)
    e <- exp(sum(coef(f) * x))
    list(t = b$time, dh = diff(c(0, b$hazard)) * e)
  }
  h1 <- hz(pcm); h2 <- hz(death)
  keep <- h1$t > from & h1$t <= to
  tot <- (h1$dh + h2$dh)[keep]
  s <- exp(-c(0, cumsum(tot)))[seq_along(tot)]
  # Within one step the two hazards share the step, as in the grid.
  sum(s * ifelse(tot > 0, h1$dh[keep] / tot, 0) * (1 - exp(-tot)))
}
x <- cbind(d$age, d$male, d$hgb)[c(1, 50, 500), ]
for (to in c(60, 120)) for (from in c(0, 24))
  put(paste("cif", from, to, sep = "."), apply(x, 1, cif, from = from, to = from + to))
# No model: Aalen-Johansen.
aj <- summary(survfit(Surv(time, event) ~ 1, d), times = c(60, 120))
put("aj.pcm", aj$pstate[, 2]); put("aj.se", aj$std.err[, 2])
close(out)

# Discrete hazards: monthly intervals of 13 weeks on rossi, glm on person-period rows.
out <- file("discrete.txt", "w")
edges <- seq(0, 52, by = 13)
pp <- do.call(rbind, lapply(seq_len(nrow(r)), function(i) {
  last <- findInterval(r$week[i], edges, left.open = TRUE)
  whole <- sum(edges[-1] <= r$week[i])
  n <- if (r$arrest[i] == 1) last else whole
  if (n == 0) return(NULL)
  data.frame(id = i, j = seq_len(n), y = as.numeric(seq_len(n) == n & r$arrest[i] == 1),
             fin = r$fin[i], age = r$age[i], prio = r$prio[i])
}))
g <- glm(y ~ 0 + factor(j) + fin + age + prio, binomial, pp,
         control = glm.control(epsilon = 1e-14, maxit = 100))
put("coef", coef(g)); put("se", sqrt(diag(vcov(g)))); put("loglik", as.numeric(logLik(g)))
g0 <- glm(y ~ 0 + factor(j), binomial, pp, control = glm.control(epsilon = 1e-14, maxit = 100))
put("null", as.numeric(logLik(g0)))
# Risk of the first five rows by week 26 and 52.
for (h in c(2, 4)) {
  risk <- sapply(1:5, function(i) {
    p <- predict(g, data.frame(j = seq_len(h), fin = r$fin[i], age = r$age[i], prio = r$prio[i]),
                 type = "response")
    1 - prod(1 - p)
  })
  put(paste0("risk.", h * 13), risk)
}
close(out)
