# Upper tails of the chi-square distribution with many degrees of freedom, at the value that lies z
# standard deviations from the mean: R's pchisq.
# Run: cd tests/reference/survival && Rscript ../survival-chi-square.R
out <- NULL
for (df in c(999999, 1e6, 1000001, 1234567, 1e7, 1e9, 1e12))
  for (z in c(-30, -8, -3, -1, -0.1, 0, 0.1, 1, 3, 8, 20, 30)) {
    x <- df + z * sqrt(2 * df)
    out <- rbind(out, sprintf("%.17g,%.17g,%.17g", df, x, pchisq(x, df, lower.tail = FALSE)))
  }
writeLines(c("df,chi2,p", out), "chi-square.csv")
