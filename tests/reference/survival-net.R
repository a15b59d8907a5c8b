# Expected values for elastic nets. Run in this directory: Rscript survival-net.R
# Writes survival/net-cases.csv (what to fit) and survival/net-expected.csv (what glmnet found, as exactly as it will).
suppressMessages({library(survival); library(glmnet)})
options(digits = 17)
glmnet.control(fdev = 0, devmax = 1, epsnr = 1e-13, mxitnr = 200)
read <- function(name) read.csv(file.path("survival/data", paste0(name, ".csv")))
cases <- list(); expected <- list()
emit <- function(case, what, item, value) expected[[length(expected) + 1]] <<- data.frame(case, what, item, value = sprintf("%.17g", value))
# With strata glmnet 4.1 does not find the maximum (its explained deviance can fall with lambda): the objective is maximised directly, by L-BFGS-B over positive and
# negative parts, then by Newton steps on the support, and the conditions of the maximum are checked.
direct <- function(d, x, s, strata, alpha, lambda) {
  n <- nrow(x); sd <- apply(x, 2, function(v) sqrt(mean((v - mean(v))^2))); z <- scale(x, TRUE, sd); p <- ncol(z)
  form <- as.formula(paste(s, "~ z + strata(", strata, ")"))
  at <- function(b) {
    f <- suppressWarnings(coxph(form, data = d, ties = "breslow", init = b, control = coxph.control(iter.max = 0, timefix = FALSE)))
    det <- coxph.detail(f); list(l = f$loglik[2], u = colSums(as.matrix(det$score)), i = solve(f$var))
  }
  null <- at(rep(0, p))$l; out <- list()
  for (l in lambda) {
    one <- l * alpha; two <- l * (1 - alpha)
    f <- function(uv) { b <- uv[1:p] - uv[p + 1:p]; -at(b)$l / n + one * sum(uv) + two * sum(b^2) / 2 }
    g <- function(uv) { b <- uv[1:p] - uv[p + 1:p]; u <- at(b)$u / n - two * b; c(-u, u) + one }
    o <- optim(rep(0.01, 2 * p), f, g, method = "L-BFGS-B", lower = 0, control = list(factr = 1, maxit = 5000, pgtol = 0))$par
    b <- o[1:p] - o[p + 1:p]; b[abs(b) < 1e-7] <- 0; on <- which(b != 0)
    for (k in 1:8) if (length(on)) {
      v <- at(b); r <- (v$u / n - two * b - one * sign(b))[on]; b[on] <- b[on] + solve(v$i[on, on, drop = FALSE] / n + diag(two, length(on)), r)
    }
    v <- at(b); u <- v$u / n - two * b
    stopifnot(max(abs(u[on] - one * sign(b[on])), 0) < 1e-10, max(abs(u[-on]), 0) <= one + 1e-10)
    out[[length(out) + 1]] <- list(b = b / sd, l = v$l)
  }
  list(null = null, all = out)
}
run <- function(case, data, exit, status, terms, alpha, entry = "", strata = "", weights = "", offset = "", cv = FALSE, auto = FALSE) {
  d <- read(data); x <- as.matrix(d[terms])
  y <- if (entry == "") Surv(d[[exit]], as.integer(d[[status]] == 1)) else Surv(d[[entry]], d[[exit]], as.integer(d[[status]] == 1))
  # The plain path tells a death from a censoring at the same time by adding 1e-14 to the latter, which is lost in times above 100, and then drops
  # censored rows from the risk set of that time. Times of the same order below 1 keep them apart; the paths with strata or late entry need no such help.
  if (entry == "" && strata == "") y <- Surv(match(d[[exit]], sort(unique(d[[exit]]))) / 1e4, as.integer(d[[status]] == 1))
  if (strata != "") y <- stratifySurv(y, d[[strata]])
  slow <- entry != "" || strata != ""
  args <- list(x = x, y = y, family = "cox", alpha = alpha, thresh = if (slow) 1e-14 else 1e-16, maxit = 1e7)
  if (weights != "") args$weights <- d[[weights]]
  if (offset != "") args$offset <- d[[offset]]
  first <- do.call(glmnet, c(args, if (slow) list(nlambda = 3, lambda.min.ratio = 0.5)))
  lambda <- max(first$lambda) * c(0.9, 0.5, 0.2, 0.05, 0.005)
  f <- do.call(glmnet, c(args, list(lambda = lambda)))
  cases[[length(cases) + 1]] <<- data.frame(case, data, entry, exit, status, cause = 1, terms = paste(terms, collapse = " "), strata, cluster = "", weights, offset, ties = "breslow",
    alpha, lambda = paste(sprintf("%.17g", lambda), collapse = " "))
  b <- as.matrix(f$beta); ratio <- f$dev.ratio
  if (strata != "") {
    s <- if (entry == "") sprintf("Surv(%s, %s == 1)", exit, status) else sprintf("Surv(%s, %s, %s == 1)", entry, exit, status)
    z <- direct(d, x, s, strata, alpha, lambda)
    b <- sapply(z$all, function(v) v$b)
    dead <- d[d[[status]] == 1, ]; w <- table(dead[[exit]], dead[[strata]]); w <- w[w > 0]
    ratio <- sapply(z$all, function(v) (v$l - z$null) / (-sum(w * log(w)) - z$null))
  }
  for (k in seq_along(lambda)) {
    for (j in seq_along(terms)) emit(case, "coef", paste(k, terms[j]), b[j, k])
    emit(case, "deviance_ratio", k, ratio[k])
  }
  # The start of the automatic path, and that of its end.
  if (auto) { emit(case, "automatic", 1, first$lambda[1]); emit(case, "automatic", 50, first$lambda[50]) }
  if (cv) {
    fold <- (seq_len(nrow(d)) * 7) %% 5 + 1
    z <- do.call(cv.glmnet, c(args, list(lambda = lambda, foldid = fold, grouped = TRUE)))
    for (k in seq_along(lambda)) { emit(case, "cv_deviance", k, z$cvm[k]); emit(case, "cv_se", k, z$cvsd[k]) }
    emit(case, "cv_best", "lambda", z$lambda.min); emit(case, "cv_one_se", "lambda", z$lambda.1se)
  }
}
L <- c("age", "sex", "ph.ecog", "ph.karno", "pat.karno", "wt.loss")
for (alpha in c(1, 0.5, 0)) {
  n <- function(x) sprintf("%s-%g", x, alpha)
  run(n("lung"), "lung_full", "time", "status", L, alpha, cv = alpha > 0, auto = alpha > 0)
  run(n("pbc"), "pbc", "time", "dead", c("age", "edema", "lbili", "lprotime", "lalbumin"), alpha, cv = TRUE, auto = TRUE)
  run(n("gbsg"), "gbsg", "rfstime", "status", c("age", "meno", "size", "grade", "nodes", "hormon"), alpha, auto = TRUE)
  run(n("veteran"), "veteran", "time", "status", c("trt", "smallcell", "adeno", "large", "karno", "diagtime", "age", "prior"), alpha)
  run(n("veteran-strata"), "veteran", "time", "status", c("trt", "karno", "diagtime", "age", "prior"), alpha, strata = "celltype")
  run(n("heart"), "heart", "stop", "event", c("age", "surgery", "transplant", "year"), alpha, entry = "start")
  run(n("cgd-strata"), "cgd", "tstop", "status", c("rx", "age", "female", "steroids"), alpha, entry = "tstart", strata = "hos")
  run(n("rotterdam"), "rotterdam", "rtime", "recur", c("age", "meno", "nodes", "lpgr", "hormon"), alpha, weights = "grade", offset = "chemo")
  run(n("months"), "months", "month", "status", c("age", "sex", "ph.ecog"), alpha, cv = TRUE)
}
write.csv(do.call(rbind, cases), "survival/net-cases.csv", row.names = FALSE, quote = FALSE)
write.csv(do.call(rbind, expected), "survival/net-expected.csv", row.names = FALSE, quote = FALSE)
