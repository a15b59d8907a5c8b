# Golden values for the kinds of model beside Cox: rossi.csv with survreg, mgus2.csv (made by model.R) with
# cmprsk and finegray. Run: cd tests/reference/model && Rscript ../model-kinds.R
suppressMessages({library(survival); library(cmprsk)})
options(digits = 17)
put <- function(name, values) cat(name, sprintf("%.17g", values), "\n", sep = " ", file = out)
out <- file("kinds.txt", "w")
r <- read.csv("rossi.csv")
for (kind in c("exponential", "weibull", "lognormal", "loglogistic")) {
  f <- survreg(Surv(week, arrest) ~ fin + age + race + wexp + mar + paro + prio, r, dist = kind,
    control = survreg.control(rel.tolerance = 1e-14, maxiter = 200, toler.chol = 1e-14))
  put(paste0(kind, ".coef"), coef(f)); put(paste0(kind, ".se"), sqrt(diag(vcov(f)))[1:8])
  put(paste0(kind, ".loglik"), f$loglik); put(paste0(kind, ".scale"), f$scale)
  # The risk of the first five rows by week 26 and 52, and its standard error by the delta method.
  x <- model.matrix(f)[1:5, ]
  risk <- function(b, t) {
    s <- if (kind == "exponential") 1 else exp(b[9])
    z <- (log(t) - drop(x %*% b[1:8])) / s
    switch(kind, lognormal = pnorm(z), loglogistic = plogis(z), 1 - exp(-exp(z)))
  }
  b <- c(coef(f), if (kind != "exponential") log(f$scale))
  for (t in c(26, 52)) {
    g <- sapply(seq_along(b), function(j) { h <- 1e-4 * sqrt(vcov(f)[j, j]); up <- down <- b; up[j] <- b[j] + h; down[j] <- b[j] - h
      (risk(up, t) - risk(down, t)) / (2 * h) })
    put(paste0(kind, ".risk.", t), risk(b, t)); put(paste0(kind, ".risk.se.", t), sqrt(rowSums((g %*% vcov(f)) * g)))
  }
}
d <- read.csv("mgus2.csv"); d$k <- match(d$end, c("none", "pcm", "death")) - 1
x <- as.matrix(d[c("age", "male", "hgb")])
f <- crr(d$time, d$k, x, failcode = 1, gtol = 1e-9, maxiter = 50)
for (k in 1:2) f <- crr(d$time, d$k, x, failcode = 1, init = drop(f$coef + f$invinf %*% f$score), maxiter = 0)
put("crr.coef", f$coef); put("crr.se", sqrt(diag(f$var))); put("crr.loglik", c(f$loglik.null, f$loglik))
p <- predict(f, x[1:5, ]); for (t in c(60, 120)) put(paste0("crr.risk.", t), p[findInterval(t, p[, 1]), -1])
d$state <- factor(d$k, 0:2, c("none", "pcm", "death")); d$subject <- seq_len(nrow(d))
e <- finegray(Surv(time, state) ~ subject + age + male + hgb, d, etype = "pcm", timefix = FALSE)
f <- coxph(Surv(fgstart, fgstop, fgstatus) ~ age + male + hgb, e, weights = fgwt, cluster = subject, robust = TRUE,
  control = coxph.control(eps = 1e-13, iter.max = 60, toler.chol = 1e-14, timefix = FALSE))
put("finegray.coef", coef(f)); put("finegray.se", sqrt(diag(f$naive.var))); put("finegray.robust", sqrt(diag(vcov(f))))
s <- summary(survfit(f, newdata = d[1:5, ], se.fit = FALSE), times = c(60, 120)); put("finegray.risk.60", 1 - s$surv[1, ]); put("finegray.risk.120", 1 - s$surv[2, ])
# The profile log likelihood of a generalised gamma over Q, on these rows: it has no maximum.
z <- scale(x); D <- d$k == 1; w <- function(b) (log(d$time) - b[1] - drop(z %*% b[2:4])) / exp(b[5])
rows <- function(b, Q) { a <- Q^-2; sum((log(Q) - b[5] - log(d$time) + a * log(a) - lgamma(a) + a * (Q * w(b) - exp(Q * w(b))))[D]) +
  sum(pgamma(a * exp(Q * w(b)), a, lower.tail = FALSE, log.p = TRUE)[!D]) }
b <- c(8, 0, 0, 0, 0.2)
put("gengamma.profile", sapply(c(0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 20, 25), function(Q) {
  least <- function(b) { v <- -rows(b, Q); if (is.finite(v)) v else 1e10 }
  for (k in 1:8) for (how in c("Nelder-Mead", "BFGS")) { o <- optim(b, least, method = how, control = list(maxit = 5000, reltol = 1e-15)); b <<- o$par }
  -o$value
}))
close(out)
