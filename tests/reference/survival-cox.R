# Expected values for Cox models. Run in this directory: Rscript survival-cox.R
# Writes survival/cox-cases.csv (what to fit) and survival/cox-expected.csv (what R found).
suppressMessages(library(survival))
options(digits = 17)
ctl <- coxph.control(eps = 1e-13, iter.max = 60, toler.chol = 1e-14, timefix = FALSE)
cases <- list(); expected <- list()
emit <- function(case, what, item, value) expected[[length(expected) + 1]] <<-
  data.frame(case, what, item, value = sprintf("%.17g", value))
read <- function(name) read.csv(file.path("survival/data", paste0(name, ".csv")))

cox <- function(case, data, exit, status, terms, entry = "", cause = 1, strata = "", cluster = "", weights = "", offset = "", ties = "efron",
                residuals = FALSE, zph = FALSE, edges = NULL) {
  d <- read(data)
  s <- if (entry == "") sprintf("Surv(%s, %s == %d)", exit, status, cause) else sprintf("Surv(%s, %s, %s == %d)", entry, exit, status, cause)
  rhs <- terms
  if (strata != "") rhs <- c(rhs, sprintf("strata(%s)", strata))
  if (offset != "") rhs <- c(rhs, sprintf("offset(%s)", offset))
  form <- as.formula(paste(s, "~", paste(rhs, collapse = " + ")))
  args <- list(form, data = d, ties = ties, control = ctl, x = TRUE, model = TRUE)
  if (weights != "") args$weights <- d[[weights]]
  two <- strsplit(cluster, "+", fixed = TRUE)[[1]]
  robust <- NULL
  if (length(two) == 1) {
    args$cluster <- if (cluster == "row") seq_len(nrow(d)) else d[[two]]
    args$robust <- TRUE
  } else args$robust <- FALSE
  f <- do.call(coxph, args)
  if (length(two) == 2) { # V1 + V2 - V12, each from R
    v <- function(g) { a <- args; a$cluster <- g; a$robust <- TRUE; vcov(do.call(coxph, a)) }
    robust <- v(d[[two[1]]]) + v(d[[two[2]]]) - v(interaction(d[[two[1]]], d[[two[2]]], drop = TRUE))
  } else if (length(two) == 1) robust <- vcov(f)
  cases[[length(cases) + 1]] <<- data.frame(case, data, entry, exit, status, cause, terms = paste(terms, collapse = " "), strata, cluster, weights,
    offset, ties, edges = paste(edges, collapse = " "))
  model <- if (is.null(f$naive.var)) vcov(f) else f$naive.var
  for (i in seq_along(terms)) {
    emit(case, "coef", terms[i], coef(f)[[i]]); emit(case, "se", terms[i], sqrt(model[i, i]))
    if (!is.null(robust)) emit(case, "robust_se", terms[i], sqrt(robust[i, i]))
  }
  if (length(terms) > 1) emit(case, "covariance", paste(terms[1:2], collapse = " "), model[1, 2])
  emit(case, "loglik", "null", f$loglik[1]); emit(case, "loglik", "final", f$loglik[2])
  emit(case, "test", "score", f$score); emit(case, "test", "wald", f$wald.test[[1]])
  emit(case, "test", "likelihood_ratio", 2 * diff(f$loglik))
  if (offset == "") { z <- concordance(f, timefix = FALSE); emit(case, "concordance", "c", z$concordance); emit(case, "concordance", "se", sqrt(z$var)) }
  if (residuals) for (type in c("martingale", "deviance", "score", "dfbeta", "dfbetas", "schoenfeld", "scaledsch")) {
    r <- as.matrix(residuals(f, type = type, weighted = FALSE))
    at <- unique(round(seq(1, nrow(r), length.out = 4)))
    for (k in at) emit(case, type, sprintf("%d 1", k), r[k, 1])
    if (ncol(r) > 1) for (k in at) emit(case, type, sprintf("%d %d", k, ncol(r)), r[k, ncol(r)])
  }
  if (zph) for (tr in c("km", "rank", "identity", "log")) {
    z <- cox.zph(f, transform = tr, terms = FALSE)$table
    for (k in rownames(z)) emit(case, paste0("zph_", tr), k, z[k, "chisq"])
  }
  if (length(edges)) { # hazard at covariates 0 and at a row of ones, with R's standard error
    for (at in 0:1) {
      new <- as.data.frame(as.list(setNames(rep(at, length(terms)), terms)))
      if (offset != "") new[[offset]] <- 0
      curve <- if (strata == "") list(survfit(f, newdata = new, se.fit = TRUE)) else {
        levels <- sort(unique(d[[strata]]))
        lapply(levels, function(l) { n <- new; n[[strata]] <- l; survfit(f, newdata = n, se.fit = TRUE) })
      }
      for (k in seq_along(curve)) {
        s <- summary(curve[[k]], times = edges[-1], extend = TRUE)
        emit(case, sprintf("hazard_at_%d", at), paste(k - 1, seq_along(s$cumhaz) - 1), s$cumhaz)
        i <- findInterval(edges[-1], curve[[k]]$time)
        emit(case, sprintf("hazard_se_at_%d", at), paste(k - 1, seq_along(i) - 1), c(0, curve[[k]]$std.err)[i + 1])
      }
    }
  }
}
for (ties in c("efron", "breslow")) {
  n <- function(x) paste0(x, "-", ties)
  cox(n("lung"), "lung", "time", "status", c("age", "sex", "ph.ecog"), ties = ties, residuals = TRUE, zph = TRUE, edges = c(0, 100, 300, 600, 1100))
  cox(n("lung-robust"), "lung", "time", "status", c("age", "sex"), cluster = "row", ties = ties)
  cox(n("veteran"), "veteran", "time", "status", c("trt", "smallcell", "adeno", "large", "karno", "diagtime", "age", "prior"), ties = ties, zph = TRUE, residuals = TRUE)
  cox(n("veteran-strata"), "veteran", "time", "status", c("trt", "karno"), strata = "celltype", ties = ties, zph = TRUE, residuals = TRUE,
    edges = c(0, 30, 90, 200, 1000))
  cox(n("pbc"), "pbc", "time", "dead", c("age", "edema", "lbili", "lprotime", "lalbumin"), ties = ties, edges = c(0, 500, 1500, 4000))
  cox(n("colon"), "colon", "time", "status", c("lev", "lev5fu", "sex", "age"), strata = "etype", cluster = "id", ties = ties)
  cox(n("bladder2-ag"), "bladder2", "stop", "event", c("rx", "size", "number"), entry = "start", cluster = "id", ties = ties, residuals = TRUE)
  cox(n("bladder2-pwp-total"), "bladder2", "stop", "event", c("rx", "size", "number"), entry = "start", strata = "enum", cluster = "id", ties = ties)
  cox(n("bladder2-pwp-gap"), "bladder2", "gap", "event", c("rx", "size", "number"), strata = "enum", cluster = "id", ties = ties)
  cox(n("bladder-wlw"), "bladder", "stop", "event", c("rx", "size", "number"), strata = "enum", cluster = "id", ties = ties)
  cox(n("heart"), "heart", "stop", "event", c("age", "surgery", "transplant"), entry = "start", ties = ties, residuals = TRUE, zph = TRUE, edges = c(0, 50, 200, 1000))
  cox(n("rats"), "rats", "time", "status", c("rx", "female"), cluster = "litter", ties = ties)
  cox(n("diabetic-two-way"), "diabetic", "time", "status", c("trt", "adult"), cluster = "id+risk", ties = ties)
  cox(n("cgd"), "cgd", "tstop", "status", c("rx", "age", "female", "steroids"), entry = "tstart", cluster = "id", strata = "hos", ties = ties, zph = TRUE)
  cox(n("cgd-two-way"), "cgd", "tstop", "status", c("rx", "age"), entry = "tstart", cluster = "id+hos", ties = ties)
  cox(n("gbsg"), "gbsg", "rfstime", "status", c("age", "meno", "size", "grade", "nodes", "hormon"), ties = ties)
  cox(n("rotterdam-weights"), "rotterdam", "rtime", "recur", c("age", "meno", "nodes", "hormon"), weights = "grade", offset = "chemo", cluster = "row", ties = ties,
    residuals = TRUE)
  cox(n("flchain-age-scale"), "flchain", "stop", "death", c("male", "lcreat", "kappa", "lambda", "mgus"), entry = "start", ties = ties, edges = c(50, 60, 75, 90))
  cox(n("nafld-age-scale"), "nafld", "stop", "status", c("male", "bmi"), entry = "start", ties = ties)
  cox(n("mgus2-pcm"), "mgus2", "time", "cause", c("age", "male"), cause = 1, ties = ties, edges = c(0, 60, 120, 240))
  cox(n("mgus2-death"), "mgus2", "time", "cause", c("age", "male"), cause = 2, ties = ties, edges = c(0, 60, 120, 240))
  cox(n("transplant-death"), "transplant", "futime", "cause", c("age", "male"), cause = 2, strata = "abo", ties = ties)
  cox(n("kidney"), "kidney", "time", "status", c("age", "sex"), cluster = "id", weights = "frail", ties = ties)
  cox(n("ovarian"), "ovarian", "futime", "fustat", c("age", "resid.ds", "rx", "ecog.ps"), ties = ties, residuals = TRUE)
  cox(n("diabetic"), "diabetic", "time", "status", c("trt", "adult", "risk"), cluster = "id", ties = ties)
  cox(n("retinopathy"), "retinopathy", "futime", "status", c("trt", "risk"), strata = "id", ties = ties)
}
write.csv(do.call(rbind, cases), "survival/cox-cases.csv", row.names = FALSE, quote = FALSE)
write.csv(do.call(rbind, expected), "survival/cox-expected.csv", row.names = FALSE, quote = FALSE)
