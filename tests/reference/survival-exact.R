# Expected values for Cox models with exact ties. Run in this directory: Rscript survival-exact.R
# Writes survival/exact-cases.csv, survival/exact-expected.csv, and two data sets with many ties: lung in months, and R's infert.
suppressMessages(library(survival))
options(digits = 17)
ctl <- coxph.control(eps = 1e-14, iter.max = 60, toler.chol = 1e-14, timefix = FALSE)
read <- function(name) read.csv(file.path("survival/data", paste0(name, ".csv")))
m <- read("lung"); m$month <- ceiling(m$time / 30.4375); m$quarter <- ceiling(m$month / 3); m$before <- pmin((seq_len(nrow(m)) %% 4) - 1, m$month - 1)
write.csv(m, "survival/data/months.csv", row.names = FALSE, quote = FALSE)
write.csv(with(infert, data.frame(one = 1, case, spontaneous, induced, stratum)), "survival/data/infert.csv", row.names = FALSE, quote = FALSE)
cases <- list(); expected <- list()
emit <- function(case, what, item, value) expected[[length(expected) + 1]] <<- data.frame(case, what, item, value = sprintf("%.17g", value))
run <- function(case, data, exit, status, terms, entry = "", strata = "", offset = "", edges = NULL) {
  d <- read(data)
  if (entry != "") { # R's agexact.fit walks all subsets; the same likelihood is that of one stratum per event time, its risk set expanded
    times <- sort(unique(d[[exit]][d[[status]] == 1]))
    d <- do.call(rbind, lapply(times, function(t) { at <- d[d[[entry]] < t & d[[exit]] >= t, ]; at$died <- as.integer(at[[status]] == 1 & at[[exit]] == t); at$t <- t; at$one <- 1; at }))
    s <- "Surv(one, died)"; strata <- "t"
  } else s <- sprintf("Surv(%s, %s == 1)", exit, status)
  rhs <- c(terms, if (strata != "") sprintf("strata(%s)", strata), if (offset != "") sprintf("offset(%s)", offset))
  f <- coxph(as.formula(paste(s, "~", paste(rhs, collapse = " + "))), data = d, ties = "exact", control = ctl, x = TRUE, model = TRUE)
  cases[[length(cases) + 1]] <<- data.frame(case, data, entry, exit, status, cause = 1, terms = paste(terms, collapse = " "), strata = if (entry == "") strata else "", cluster = "", weights = "", offset,
    ties = "exact", edges = paste(edges, collapse = " "))
  for (i in seq_along(terms)) { emit(case, "coef", terms[i], coef(f)[[i]]); emit(case, "se", terms[i], sqrt(vcov(f)[i, i])) }
  if (length(terms) > 1) emit(case, "covariance", paste(terms[1:2], collapse = " "), vcov(f)[1, 2])
  emit(case, "loglik", "null", f$loglik[1]); emit(case, "loglik", "final", f$loglik[2])
  emit(case, "test", "score", f$score); emit(case, "test", "wald", f$wald.test[[1]]); emit(case, "test", "likelihood_ratio", 2 * diff(f$loglik))
  if (entry == "") { r <- residuals(f, type = "martingale"); for (k in unique(round(seq(1, nrow(d), length.out = 3)))) emit(case, "martingale", paste(k, 1), r[[k]]) }
  if (length(edges)) {
    s <- survfit(f, newdata = as.data.frame(as.list(setNames(rep(0, length(terms)), terms))), se.fit = FALSE)
    emit(case, "hazard", paste(0, seq_along(edges[-1]) - 1), summary(s, times = edges[-1], extend = TRUE)$cumhaz)
  }
}
run("lung-exact", "lung", "time", "status", c("age", "sex", "ph.ecog"))
run("months-exact", "months", "month", "status", c("age", "sex", "ph.ecog"), edges = c(0, 3, 9, 30))
run("quarters-exact", "months", "quarter", "status", c("age", "sex"))
run("months-strata-exact", "months", "month", "status", c("age", "ph.ecog"), strata = "sex")
run("months-late-exact", "months", "month", "status", c("age", "sex", "ph.ecog"), entry = "before")
run("months-offset-exact", "months", "month", "status", c("age", "sex"), offset = "ph.ecog")
run("veteran-exact", "veteran", "time", "status", c("trt", "smallcell", "adeno", "large", "karno", "diagtime", "age", "prior"))
run("bladder-wlw-exact", "bladder", "stop", "event", c("rx", "size", "number"), strata = "enum")
run("heart-exact", "heart", "stop", "event", c("age", "surgery", "transplant"), entry = "start")
run("ovarian-exact", "ovarian", "futime", "fustat", c("age", "resid.ds", "rx", "ecog.ps"))
run("infert-exact", "infert", "one", "case", c("spontaneous", "induced"), strata = "stratum")
run("retinopathy-exact", "retinopathy", "futime", "status", c("trt", "risk"), strata = "id")
run("aml-exact", "aml", "time", "status", "x")
run("rats-exact", "rats", "time", "status", "rx", strata = "female")
run("transplant-exact", "transplant", "futime", "cause", c("age", "male"), strata = "abo")
write.csv(do.call(rbind, cases), "survival/exact-cases.csv", row.names = FALSE, quote = FALSE)
write.csv(do.call(rbind, expected), "survival/exact-expected.csv", row.names = FALSE, quote = FALSE)
