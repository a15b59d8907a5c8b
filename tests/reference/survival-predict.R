# Expected values for predictions from Cox models. Run in this directory: Rscript survival-predict.R
# Writes survival/predict-cases.csv (what to fit) and survival/predict-expected.csv (what R found):
# per case, row of new covariates, and time. `lasted` is survfit's start.time.
suppressMessages(library(survival))
options(digits = 17)
ctl <- coxph.control(eps = 1e-13, iter.max = 60, toler.chol = 1e-14, timefix = FALSE)
cases <- list(); expected <- list()
emit <- function(case, what, item, value) expected[[length(expected) + 1]] <<-
  data.frame(case, what, item, value = sprintf("%.17g", value))
read <- function(name) read.csv(file.path("survival/data", paste0(name, ".csv")))
keep <- function(case, data, entry, exit, status, terms, strata, cluster, weights, ties, new, times, lasted)
  cases[[length(cases) + 1]] <<- data.frame(case, data, entry, exit, status, terms = paste(terms, collapse = " "), strata, cluster, weights,
    offset = "", ties, new = paste(apply(new, 1, paste, collapse = " "), collapse = ";"), times = paste(times, collapse = " "), lasted)

survival <- function(case, data, exit, status, terms, new, times, lasted = "", entry = "", strata = "", cluster = "", weights = "", ties = "efron") {
  d <- read(data)
  s <- if (entry == "") sprintf("Surv(%s, %s == 1)", exit, status) else sprintf("Surv(%s, %s, %s == 1)", entry, exit, status)
  rhs <- c(terms, if (strata != "") sprintf("strata(%s)", strata))
  args <- list(as.formula(paste(s, "~", paste(rhs, collapse = " + "))), data = d, ties = ties, control = ctl, x = TRUE, model = TRUE)
  if (weights != "") { args$weights <- d[[weights]]; args$robust <- FALSE } # R: robust where weights have fractions
  if (cluster != "") args$cluster <- d[[cluster]]
  f <- do.call(coxph, args)
  new <- matrix(new, ncol = length(terms) + (strata != ""), byrow = TRUE, dimnames = list(NULL, c(terms, if (strata != "") strata)))
  keep(case, data, entry, exit, status, terms, strata, cluster, weights, ties, new, times, lasted)
  for (r in seq_len(nrow(new))) for (type in c("log", "log-log", "plain")) {
    call <- list(f, newdata = as.data.frame(new[r, , drop = FALSE]), conf.type = type)
    if (lasted != "") call$start.time <- lasted
    z <- summary(do.call(survfit, call), times = times, extend = TRUE)
    for (k in seq_along(times)) {
      if (type == "log") { emit(case, "survival", paste(r - 1, k - 1), z$surv[k]); emit(case, "survival_se", paste(r - 1, k - 1), z$std.err[k]) }
      for (end in c("lower", "upper")) if (!is.na(z[[end]][k])) emit(case, paste0(end, ":", type), paste(r - 1, k - 1), z[[end]][k])
    }
  }
}
incidence <- function(case, data, exit, status, terms, new, times, lasted = "", ties = "efron") {
  d <- read(data); d$.id <- seq_len(nrow(d)); d$.kind <- factor(d[[status]])
  f <- coxph(as.formula(sprintf("Surv(%s, .kind) ~ %s", exit, paste(terms, collapse = " + "))), data = d, id = .id, ties = ties, control = ctl)
  new <- matrix(new, ncol = length(terms), byrow = TRUE, dimnames = list(NULL, terms))
  keep(case, data, "", exit, status, terms, "", "", "", ties, new, times, lasted)
  for (r in seq_len(nrow(new))) {
    call <- list(f, newdata = as.data.frame(new[r, , drop = FALSE]))
    if (lasted != "") call$start.time <- lasted
    z <- do.call(survfit, call)
    p <- z$pstate; if (length(dim(p)) == 3) p <- p[, 1, ]
    i <- findInterval(times, z$time)
    for (k in seq_along(times)) for (c in 2:ncol(p)) emit(case, paste0("incidence:", c - 1), paste(r - 1, k - 1), if (i[k] == 0) 0 else p[i[k], c])
  }
}
for (ties in c("efron", "breslow")) {
  n <- function(x) paste0(x, "-", ties)
  survival(n("lung"), "lung", "time", "status", c("age", "sex", "ph.ecog"), c(50, 1, 0, 70, 2, 2), c(4, 100, 365, 1000, 2000), ties = ties)
  survival(n("lung-lasted"), "lung", "time", "status", c("age", "sex", "ph.ecog"), c(50, 1, 0, 70, 2, 2), c(300, 365, 700), lasted = 200.5, ties = ties)
  survival(n("veteran-strata"), "veteran", "time", "status", c("trt", "karno"), c(1, 60, 1, 2, 80, 3), c(10, 50, 200), strata = "celltype", ties = ties)
  survival(n("veteran-strata-lasted"), "veteran", "time", "status", c("trt", "karno"), c(1, 60, 1, 2, 80, 3), c(50, 80, 200), lasted = 30.5, strata = "celltype", ties = ties)
  survival(n("heart"), "heart", "stop", "event", c("age", "surgery", "transplant"), c(5, 0, 1, -10, 1, 0), c(20, 90, 400), entry = "start", ties = ties)
  survival(n("rats-cluster"), "rats", "time", "status", c("rx", "female"), c(1, 1, 0, 0), c(60, 80, 100), cluster = "litter", ties = ties)
  survival(n("kidney-weights"), "kidney", "time", "status", c("age", "sex"), c(40, 1, 60, 2), c(20, 60, 300), weights = "frail", ties = ties)
}
# Incidences from one fit per cause: each fit's own hazard of the new row by survfit (ctype 2 is Efron's), and over each time at which somebody ends the states' matrix
# exponential written out: all that end there share by their hazards. With Breslow's hazards it is survfit's of several states, which is checked.
by_cause <- function(case, data, exit, status, terms, new, times, lasted = "", ties = "efron") {
  d <- read(data); causes <- sort(setdiff(unique(d[[status]]), 0))
  fits <- lapply(causes, function(c) coxph(as.formula(sprintf("Surv(%s, %s == %d) ~ %s", exit, status, c, paste(terms, collapse = " + "))), data = d, ties = ties, control = ctl, x = TRUE, model = TRUE))
  new <- matrix(new, ncol = length(terms), byrow = TRUE, dimnames = list(NULL, terms))
  if (case != "") keep(case, data, "", exit, status, terms, "", "", "", ties, new, times, lasted)
  found <- array(0, c(nrow(new), length(times), length(causes)))
  for (r in seq_len(nrow(new))) {
    z <- lapply(fits, survfit, newdata = as.data.frame(new[r, , drop = FALSE]), ctype = if (ties == "efron") 2 else 1, se.fit = FALSE)
    time <- z[[1]]$time; h <- sapply(z, function(z) diff(c(0, z$cumhaz))); stopifnot(all(sapply(z, function(z) identical(z$time, time))))
    alive <- 1; f <- numeric(length(causes)); here <- matrix(0, length(time), length(causes))
    for (i in seq_along(time)) {
      all <- sum(h[i, ])
      if (all > 0 && (lasted == "" || time[i] > lasted)) { f <- f + alive * -expm1(-all) * h[i, ] / all; alive <- alive * exp(-all) }
      here[i, ] <- f
    }
    i <- findInterval(times, time)
    for (k in seq_along(times)) for (c in seq_along(causes)) { v <- if (i[k] == 0) 0 else here[i[k], c]; found[r, k, c] <- v; if (case != "") emit(case, paste0("incidence:", c), paste(r - 1, k - 1), v) }
  }
  invisible(found)
}
# Of several states, survfit takes Breslow's hazards whatever the ties of the fit.
incidence("mgus2", "mgus2", "time", "cause", c("age", "male"), c(60, 1, 80, 0), c(12, 60, 240), ties = "breslow")
incidence("mgus2-lasted", "mgus2", "time", "cause", c("age", "male"), c(60, 1, 80, 0), c(60, 120, 240), lasted = 24.5, ties = "breslow")
incidence("transplant", "transplant", "futime", "cause", c("age", "male"), c(30, 1, 60, 0), c(50, 300, 1000), ties = "breslow")
check <- by_cause("", "transplant", "futime", "cause", c("age", "male"), c(30, 1, 60, 0), c(50, 300, 1000), ties = "breslow")
for (e in expected) if (e$case == "transplant") { at <- as.numeric(strsplit(e$item, " ")[[1]]) + 1; stopifnot(abs(check[at[1], at[2], as.numeric(sub("incidence:", "", e$what))] - as.numeric(e$value)) < 1e-9) }
by_cause("mgus2-efron", "mgus2", "time", "cause", c("age", "male"), c(60, 1, 80, 0), c(12, 60, 240))
by_cause("mgus2-lasted-efron", "mgus2", "time", "cause", c("age", "male"), c(60, 1, 80, 0), c(60, 120, 240), lasted = 24.5)
by_cause("transplant-efron", "transplant", "futime", "cause", c("age", "male"), c(30, 1, 60, 0), c(50, 300, 1000))
by_cause("transplant-lasted-efron", "transplant", "futime", "cause", c("age", "male"), c(30, 1, 60, 0), c(60, 300, 1000), lasted = 50.5)
write.csv(do.call(rbind, cases), "survival/predict-cases.csv", row.names = FALSE, quote = FALSE)
write.csv(do.call(rbind, expected), "survival/predict-expected.csv", row.names = FALSE, quote = FALSE)
