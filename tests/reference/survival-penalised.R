# Expected values for Cox models with Gaussian priors and ridge. Run in this directory: Rscript survival-penalised.R
# A prior with mean m and sd s is R's ridge(x, theta = 1/s^2, scale = FALSE) of the coefficient's distance from m, with m*x as offset.
# Writes survival/penalised-cases.csv (what to fit) and survival/penalised-expected.csv (what R found).
suppressMessages(library(survival))
options(digits = 17)
ctl <- coxph.control(eps = 1e-14, iter.max = 100, toler.chol = 1e-14, timefix = FALSE)
cases <- list(); expected <- list()
emit <- function(case, what, item, value) expected[[length(expected) + 1]] <<- data.frame(case, what, item, value = sprintf("%.17g", value))
read <- function(name) read.csv(file.path("survival/data", paste0(name, ".csv")))
run <- function(case, data, exit, status, terms, mean, sd, entry = "", strata = "", cluster = "", weights = "", ties = "efron", zph = FALSE) {
  d <- read(data)
  d$known <- as.vector(as.matrix(d[terms]) %*% mean)
  s <- if (entry == "") sprintf("Surv(%s, %s == 1)", exit, status) else sprintf("Surv(%s, %s, %s == 1)", entry, exit, status)
  each <- ifelse(is.finite(sd), sprintf("ridge(%s, theta = %.17g, scale = FALSE)", terms, 1 / sd^2), terms)
  rhs <- c(each, if (any(mean != 0)) "offset(known)", if (strata != "") sprintf("strata(%s)", strata))
  args <- list(as.formula(paste(s, "~", paste(rhs, collapse = " + "))), data = d, ties = ties, control = ctl, x = TRUE, model = TRUE)
  if (weights != "") args$weights <- d[[weights]]
  if (cluster != "") { args$cluster <- d[[cluster]]; args$robust <- TRUE }
  f <- do.call(coxph, args)
  cases[[length(cases) + 1]] <<- data.frame(case, data, entry, exit, status, cause = 1, terms = paste(terms, collapse = " "), strata, cluster, weights,
    offset = "", ties, mean = paste(mean, collapse = " "), sd = paste(sd, collapse = " "))
  model <- if (is.null(f$naive.var)) f$var else f$naive.var
  for (i in seq_along(terms)) {
    emit(case, "coef", terms[i], coef(f)[[i]] + mean[i]); emit(case, "se", terms[i], sqrt(model[i, i])); emit(case, "se2", terms[i], sqrt(f$var2[i, i]))
    if (cluster != "") emit(case, "robust_se", terms[i], sqrt(f$var[i, i]))
  }
  if (length(terms) > 1) emit(case, "covariance", paste(terms[1:2], collapse = " "), model[1, 2])
  info <- solve(model); diag(info) <- diag(info) - ifelse(is.finite(sd), 1 / sd^2, 0)
  emit(case, "df", "all", sum(model * info)) # as R's one ridge() of all columns
  emit(case, "loglik", "final", f$loglik[2]); emit(case, "penalty", "final", f$penalty[2])
  if (all(mean == 0)) emit(case, "loglik", "null", f$loglik[1])
  # R's own martingale residuals of a penalised fit with strata are those of another order of rows: taken from a fit without terms instead.
  d$eta <- as.vector(as.matrix(d[terms]) %*% (coef(f) + mean))
  again <- list(as.formula(paste(s, "~ offset(eta)", if (strata != "") sprintf("+ strata(%s)", strata))), data = d, ties = ties, control = ctl)
  if (weights != "") again$weights <- d[[weights]]
  r <- residuals(do.call(coxph, again), type = "martingale"); d1 <- as.matrix(residuals(f, type = "dfbeta", weighted = FALSE))
  for (k in unique(round(seq(1, nrow(d), length.out = 3)))) { emit(case, "martingale", sprintf("%d 1", k), r[[k]]); emit(case, "dfbeta", sprintf("%d 1", k), d1[k, 1]) }
  # cox.zph takes the penalty's curvature for a matrix and recycles R's vector over all of it: give it the matrix.
  f$coxlist2$second <- diag(f$coxlist2$second, length(terms))
  if (zph) for (tr in c("km", "rank", "identity", "log")) {
    z <- cox.zph(f, transform = tr, terms = FALSE)$table
    for (k in seq_len(nrow(z))) emit(case, paste0("zph_", tr), c(terms, "GLOBAL")[k], z[k, "chisq"])
  }
}
for (ties in c("efron", "breslow")) {
  n <- function(x) paste0(x, "-", ties)
  run(n("lung-ridge"), "lung", "time", "status", c("age", "sex", "ph.ecog"), c(0, 0, 0), c(0.1, 0.3, 0.3), ties = ties, zph = TRUE)
  run(n("lung-prior"), "lung", "time", "status", c("age", "sex", "ph.ecog"), c(0.02, -0.3, 0.7), c(0.01, 0.2, Inf), ties = ties)
  run(n("veteran-prior"), "veteran", "time", "status", c("trt", "karno", "diagtime", "age", "prior"), c(0, -0.02, 0, 0.01, 0), c(0.5, 0.01, Inf, 0.02, 0.2), strata = "celltype",
    ties = ties)
  run(n("pbc-ridge"), "pbc", "time", "dead", c("age", "edema", "lbili", "lprotime", "lalbumin"), rep(0, 5), rep(0.4, 5), ties = ties, zph = TRUE)
  run(n("heart-prior"), "heart", "stop", "event", c("age", "surgery", "transplant"), c(0.01, -0.5, 0), c(0.02, 0.4, 0.3), entry = "start", ties = ties)
  run(n("bladder2-prior"), "bladder2", "stop", "event", c("rx", "size", "number"), c(-0.2, 0, 0.1), c(0.2, 0.05, 0.1), entry = "start", cluster = "id", ties = ties)
  run(n("cgd-ridge"), "cgd", "tstop", "status", c("rx", "age", "female", "steroids"), rep(0, 4), rep(0.5, 4), entry = "tstart", strata = "hos", cluster = "id", ties = ties)
  run(n("gbsg-prior"), "gbsg", "rfstime", "status", c("age", "meno", "size", "grade", "nodes", "hormon"), c(0, 0, 0.01, 0.2, 0.05, -0.2), c(0.01, 0.2, 0.005, 0.1, 0.01, 0.1),
    ties = ties)
  run(n("rotterdam-weights"), "rotterdam", "rtime", "recur", c("age", "meno", "nodes", "hormon"), rep(0, 4), rep(0.1, 4), weights = "grade", ties = ties)
  run(n("ovarian-prior"), "ovarian", "futime", "fustat", c("age", "resid.ds", "rx", "ecog.ps"), c(0.1, 0.5, -0.5, 0), rep(0.3, 4), ties = ties, zph = TRUE)
}
write.csv(do.call(rbind, cases), "survival/penalised-cases.csv", row.names = FALSE, quote = FALSE)
write.csv(do.call(rbind, expected), "survival/penalised-expected.csv", row.names = FALSE, quote = FALSE)
