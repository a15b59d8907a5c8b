# Expected values for curves, tests and concordance. Run in this directory: Rscript survival-curves.R
suppressMessages({library(survival); library(cmprsk)})
options(digits = 17)
expected <- list()
emit <- function(case, what, item, value) expected[[length(expected) + 1]] <<-
  data.frame(case, what, item = as.character(item), value = sprintf("%.17g", as.numeric(value)))
read <- function(name) read.csv(file.path("survival/data", paste0(name, ".csv")))
# data, entry, exit, status, group, times, tau
sets <- list(
  list("lung", "", "time", "status", "sex", c(5, 180, 365, 730), 365), list("veteran", "", "time", "status", "celltype", c(10, 100, 300), 200),
  list("pbc", "", "time", "dead", "edema", c(200, 1000, 4000), 3000), list("aml", "", "time", "status", "x", c(9, 23, 40), 60),
  list("heart", "start", "stop", "event", "transplant", c(10, 100, 400), 500), list("ovarian", "", "futime", "fustat", "rx", c(100, 400, 600), 700),
  list("gbsg", "", "rfstime", "status", "grade", c(365, 730, 1500), 1800), list("colon", "", "time", "status", "etype", c(100, 1000, 2000), 2500),
  list("myeloid", "", "futime", "death", "trt", c(100, 500, 1500), 1000), list("rotterdam", "", "rtime", "recur", "meno", c(300, 1000, 4000), 3650))
for (s in sets) {
  d <- read(s[[1]]); y <- if (s[[2]] == "") Surv(d[[s[[3]]]], d[[s[[4]]]]) else Surv(d[[s[[2]]]], d[[s[[3]]]], d[[s[[4]]]])
  case <- s[[1]]
  for (g in sort(unique(d[[s[[5]]]]))) {
    yy <- y[d[[s[[5]]]] == g]
    for (type in c("log", "log-log", "plain", "logit", "arcsin")) {
      f <- survfit(yy ~ 1, conf.type = type, timefix = FALSE)
      z <- summary(f, times = s[[6]], extend = TRUE)
      for (k in seq_along(s[[6]])) {
        at <- paste(g, s[[6]][k])
        if (type == "log") { emit(case, "survival", at, z$surv[k]); if (z$surv[k] > 0) emit(case, "survival_se", at, z$std.err[k])
          emit(case, "nelson_aalen", at, z$cumhaz[k]); emit(case, "nelson_aalen_se", at, c(0, f$std.chaz)[findInterval(s[[6]][k], f$time) + 1]) }
        if (z$surv[k] > 0 && z$surv[k] < 1) { emit(case, paste0("lower_", type), at, z$lower[k]); emit(case, paste0("upper_", type), at, z$upper[k]) }
      }
      q <- quantile(f, c(0.25, 0.5))
      # Where late entry makes a limit rise again, "the time it gets to" has several meanings.
      falls <- function(v) all(diff(v[!is.na(v)]) <= 1e-12)
      if (falls(f$lower) && falls(f$upper)) for (w in names(q)) for (k in 1:2) if (!is.na(q[[w]][k])) emit(case, sprintf("quantile:%s:%s", w, type), paste(g, c(0.25, 0.5)[k]), q[[w]][k])
    }
    m <- survival:::survmean(survfit(yy ~ 1, timefix = FALSE), rmean = s[[7]])$matrix
    emit(case, "rmean", paste(g, s[[7]]), m[[grep("^\\*?rmean", names(m))]]); emit(case, "rmean_se", paste(g, s[[7]]), m[[grep("^\\*?se\\(rmean", names(m))]])
  }
  if (s[[2]] == "") for (rho in c(0, 1, 0.5)) {
    t <- survdiff(y ~ d[[s[[5]]]], rho = rho)
    emit(case, "logrank", rho, t$chisq); emit(case, "logrank_expected", rho, t$exp[1]); emit(case, "logrank_variance", rho, t$var[1, 1])
  }
}
strat <- list(list("lung", "time", "status", "sex", "ph.ecog"), list("veteran", "time", "status", "trt", "celltype"), list("pbc", "time", "dead", "edema", "status"),
  list("colon", "time", "status", "lev5fu", "etype"), list("gbsg", "rfstime", "status", "hormon", "grade"))
for (s in strat) for (rho in 0:1) {
  d <- read(s[[1]]); t <- survdiff(Surv(d[[s[[2]]]], d[[s[[3]]]]) ~ d[[s[[4]]]] + strata(d[[s[[5]]]]), rho = rho)
  emit(s[[1]], "logrank_strata", rho, t$chisq)
}
# Competing risks: data, time, cause, group, strata, times
cr <- list(list("mgus2", "time", "cause", "male", "", c(60, 120, 240)), list("transplant", "futime", "cause", "abo", "male", c(30, 100, 600)),
  list("pbc", "time", "status", "edema", "", c(500, 1500, 3500)))
for (s in cr) {
  d <- read(s[[1]]); case <- paste0(s[[1]], "-cr"); k <- max(d[[s[[3]]]]); ev <- factor(d[[s[[3]]]], 0:k)
  for (g in sort(unique(d[[s[[4]]]]))) {
    keep <- d[[s[[4]]]] == g
    z <- summary(survfit(Surv(d[[s[[2]]]][keep], ev[keep]) ~ 1, timefix = FALSE), times = s[[6]], extend = TRUE)
    for (i in seq_along(s[[6]])) for (j in 1:(k + 1)) {
      emit(case, "state", paste(g, s[[6]][i], j - 1), z$pstate[i, j]); emit(case, "state_se", paste(g, s[[6]][i], j - 1), z$std.err[i, j])
    }
  }
  for (rho in c(0, 1)) {
    t <- cuminc(d[[s[[2]]]], d[[s[[3]]]], d[[s[[4]]]], rho = rho)$Tests
    for (j in 1:k) emit(case, "gray", paste(rho, j), t[as.character(j), "stat"])
    if (s[[5]] != "") {
      t <- cuminc(d[[s[[2]]]], d[[s[[3]]]], d[[s[[4]]]], d[[s[[5]]]], rho = rho)$Tests
      for (j in 1:k) emit(case, "gray_strata", paste(rho, j), t[as.character(j), "stat"])
    }
  }
}
# Late entry and several causes: ages of flchain, death split by a covariate into two causes.
d <- read("flchain"); ev <- factor(d$death * (1 + d$male), 0:2)
z <- summary(survfit(Surv(start, stop, ev) ~ 1, data = d, id = seq_len(nrow(d)), timefix = FALSE), times = c(60, 70, 80, 90), extend = TRUE)
for (i in 1:4) for (j in 1:3) { emit("flchain-cr", "state", paste(0, c(60, 70, 80, 90)[i], j - 1), z$pstate[i, j]); emit("flchain-cr", "state_se", paste(0, c(60, 70, 80, 90)[i], j - 1), z$std.err[i, j]) }
# Concordance of one column: data, entry, exit, status, score, strata, ymax
cs <- list(list("lung", "", "time", "status", "age", "", 730), list("lung", "", "time", "status", "ph.ecog", "sex", 500), list("veteran", "", "time", "status", "karno", "celltype", 200),
  list("heart", "start", "stop", "event", "age", "", 200), list("pbc", "", "time", "dead", "lbili", "", 2000), list("gbsg", "", "rfstime", "status", "nodes", "grade", 1000),
  list("flchain", "start", "stop", "death", "lcreat", "male", 75), list("rotterdam", "", "rtime", "recur", "nodes", "", 1500), list("ovarian", "", "futime", "fustat", "age", "", 500))
for (s in cs) {
  d <- read(s[[1]]); y <- if (s[[2]] == "") Surv(d[[s[[3]]]], d[[s[[4]]]]) else Surv(d[[s[[2]]]], d[[s[[3]]]], d[[s[[4]]]])
  form <- if (s[[6]] == "") y ~ d[[s[[5]]]] else y ~ d[[s[[5]]]] + strata(d[[s[[6]]]])
  case <- paste(s[[1]], s[[5]])
  put <- function(what, ...) { z <- concordance(form, reverse = TRUE, timefix = FALSE, ...); emit(case, what, s[[6]], z$concordance); emit(case, paste0(what, "_se"), s[[6]], sqrt(z$var)) }
  put("harrell"); put("harrell_upto", ymax = s[[7]])
  if (s[[2]] == "") { put("uno", timewt = "n/G2"); put("uno_upto", timewt = "n/G2", ymax = s[[7]]) }
}
write.csv(do.call(rbind, expected), "survival/curves-expected.csv", row.names = FALSE, quote = FALSE)
