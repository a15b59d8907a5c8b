# R's side: Rscript peer.R TASK FILE. Reads the data, then for every line on its standard input does
# the work once and prints the seconds and check values.
a <- commandArgs(TRUE); task <- a[1]
need <- switch(task, "fine-gray" = "cmprsk", elastic =, "elastic-wide" = "glmnet", forest = "ranger", score = "riskRegression", pec = "pec", "survival")
if (need %in% c("ranger", "riskRegression", "pec")) suppressWarnings(suppressMessages({require(survival, quietly = TRUE); require(prodlim, quietly = TRUE)}))
if (!suppressWarnings(suppressMessages(require(need, character.only = TRUE, quietly = TRUE)))) {
  cat("missing", need, "\n"); quit(status = 0)
}
con <- file(a[2], "rb"); head <- readBin(con, "double", 2); n <- head[1]; p <- head[2]
entry <- readBin(con, "double", n); exit <- readBin(con, "double", n); cause <- readBin(con, "double", n)
group <- readBin(con, "double", n); x <- matrix(readBin(con, "double", n * p), n, p); close(con)
if (p > 0) colnames(x) <- paste0("x", seq_len(p))
event <- as.integer(cause == 1); any <- as.integer(cause > 0)
ctl <- if (need == "survival") coxph.control(iter.max = 20)
names <- as.character(seq_len(n)); kinds <- factor(cause, 0:2)
y <- if (need == "glmnet") cbind(time = exit, status = event) else if (need == "survival" || need == "ranger") switch(task,
  "cox-entry" = Surv(entry, exit, event), km = Surv(exit, any), aj =, "aj-days" = Surv(exit, kinds), Surv(exit, event))
if (task %in% c("score", "pec")) {
  h <- c(0.4, 0.8, 1.2); rows <- data.frame(time = exit, cause = cause, x = x[, 1])
  risk <- sapply(h, function(t) 1 - exp(-0.6 * t * exp(0.3 * x[, 1] - 0.2 * x[, 2])))
}
work <- switch(task,
  score = function() Score(list(m = risk), Hist(time, cause) ~ 1, data = data.table::as.data.table(rows), cause = 1,
    times = h, metrics = c("auc", "brier"), se.fit = FALSE, null.model = FALSE, cens.model = "km"),
  # The marginal Kaplan-Meier curve of censoring; the first time is 0, where nothing has happened.
  pec = function() pec(list(m = cbind(0, risk)), formula = Hist(time, cause) ~ 1, data = rows, cause = 1, times = c(0, h),
    exact = FALSE, start = NULL, cens.model = "marginal", reference = FALSE, verbose = FALSE),
  cox = function() coxph.fit(x, y, NULL, NULL, NULL, ctl, NULL, "efron", names),
  "cox-entry" = function() agreg.fit(x, y, NULL, NULL, NULL, ctl, NULL, "efron", names),
  "cox-cluster" = function() coxph(y ~ x, cluster = group),
  km = function() survfit(y ~ 1, conf.type = "none", timefix = FALSE),
  aj =, "aj-days" = function() survfit(y ~ 1, conf.type = "none", timefix = FALSE),
  concordance = function() concordancefit(y, x[, 1], reverse = TRUE, timefix = FALSE),
  elastic =, "elastic-wide" = function() glmnet(x, y, family = "cox", alpha = 0.5, lambda.min.ratio = if (n > p) 1e-4 else 0.05),
  frailty = function() coxph(y ~ x + frailty(group)),
  forest = function() ranger(x = x, y = y, num.trees = 100, min.node.size = 15, num.threads = 2, seed = 1, verbose = FALSE),
  "fine-gray" = function() crr(exit, cause, x))
check <- switch(task,
  score = function(f) c(rbind(f$AUC$score$AUC, f$Brier$score$Brier)),
  pec = function(f) f$AppErr$m[-1],
  cox =, "cox-entry" = function(f) c(f$coefficients, f$loglik),
  "cox-cluster" = function(f) c(f$coefficients, sqrt(diag(f$var))),
  km = function(f) c(f$surv[n %/% 2], f$std.err[n %/% 2]),
  aj =, "aj-days" = function(f) { k <- length(f$time) %/% 2; c(f$pstate[k, ], f$std.err[k, ]) },
  concordance = function(f) c(f$concordance, sqrt(f$var)),
  elastic =, "elastic-wide" = function(f) c(f$beta[1:5, 30], f$lambda[30]),
  frailty = function(f) f$coefficients,
  forest = function(f) { p <- predict(f, x[1:min(n, 1000), ], num.threads = 2, verbose = FALSE)
    mean(1 - p$survival[, max(which(p$unique.death.times <= 0.5))]) },
  "fine-gray" = function(f) c(f$coef, sqrt(diag(f$var))))
cat("ready\n"); flush(stdout())
input <- file("stdin"); open(input)
while (length(readLines(input, 1))) {
  gc(FALSE)
  s <- system.time(f <- work())[["elapsed"]]
  cat(sprintf("%.6f", s), sprintf("%.15e", check(f)), "\n"); flush(stdout())
}
