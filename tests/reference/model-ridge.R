# Golden values for discrete hazards that are held in by ridge: glmnet on rossi's person-period rows.
# Run: cd tests/reference/model && Rscript ../model-ridge.R
suppressMessages(library(glmnet))
options(digits = 17)
put <- function(name, values) cat(name, sprintf("%.17g", values), "\n", sep = " ", file = out)
out <- file("ridge.txt", "w")
r <- read.csv("rossi.csv"); step <- 13; names <- c("fin", "age", "prio")
pp <- do.call(rbind, lapply(seq_len(nrow(r)), function(i) {
  j <- seq_len(ceiling(r$week[i] / step))
  whole <- r$arrest[i] == 1 | j * step <= r$week[i]
  d <- data.frame(row = i, j = j, y = as.integer(r$arrest[i] == 1 & j == max(j)), r[i, names], row.names = NULL)
  d[whole, ]
}))
bands <- model.matrix(~ factor(j), pp)[, -1]; x <- cbind(bands, as.matrix(pp[names]))
# Levels are not held in. glmnet scales its factors to sum to the columns, so that λ is shared out.
free <- c(rep(0, ncol(bands)), rep(1, 3)); share <- sum(free) / ncol(x)
fit <- function(lambda) glmnet(x, pp$y, "binomial", alpha = 0, lambda = lambda * share, penalty.factor = free,
  thresh = 1e-22, maxit = 1e8, standardize = TRUE)
N <- nrow(pp); sd <- apply(pp[names], 2, function(v) sqrt(mean((v - mean(v))^2)))
for (lambda in c(0.1, 0.01, 0.001)) {
  b <- drop(as.matrix(coef(fit(lambda))))
  put(paste0("coef.", lambda), b[names])
  # Errors: the inverse of the information with the penalty's curvature, and the sandwich by row.
  X <- cbind(1, x); p <- plogis(drop(X %*% b)); P <- diag(c(0, free * N * lambda * c(rep(0, ncol(bands)), sd^2)))
  H <- solve(crossprod(X * (p * (1 - p)), X) + P); k <- colnames(X) %in% names
  put(paste0("se.", lambda), sqrt(diag(H))[k])
  S <- rowsum(X * (pp$y - p), pp$row); put(paste0("robust.", lambda), sqrt(diag(H %*% crossprod(S) %*% H))[k])
  put(paste0("loglik.", lambda), sum(dbinom(pp$y, 1, p, log = TRUE)))
}
# Five folds of rows, in turn; strengths from the one that asks a thousand times the strongest lasso.
null <- glm(pp$y ~ bands, family = binomial, control = glm.control(epsilon = 1e-15, maxit = 100))
most <- max(abs(colSums(as.matrix(pp[names]) * residuals(null, "response"))) / sd) / N / 1e-3
lambda <- most * 1e-4^((0:39) / 39); put("cv.lambda", lambda)
cv <- cv.glmnet(x, pp$y, family = "binomial", alpha = 0, lambda = lambda * share, penalty.factor = free,
  foldid = (pp$row - 1) %% 5 + 1, thresh = 1e-16, maxit = 1e8, type.measure = "deviance")
put("cv.deviance", cv$cvm); put("cv.error", cv$cvsd)
put("cv.best", c(which(cv$lambda == cv$lambda.min), which(cv$lambda == cv$lambda.1se)) - 1)
close(out)
