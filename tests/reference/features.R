# Reference values for terms: the basis of splines::ns and design matrices of model.matrix.
# Run in this folder: Rscript features.R. Writes features-ns.csv, features-table.csv and
# features-design.csv.
suppressMessages(library(splines))
num <- function(v) sprintf("%.17g", v)

# Values that a few lines of any language can make: 0 to 100 in some order, over 7.
x <- (((1:60) * 37) %% 101) / 7
at <- c(x, -3, 0, 0.25, 7.5, 14.2857, 14.5, 30)
out <- "df,row,column,value"
for (df in c(1, 2, 3, 4, 6)) {
  b <- ns(x, df = df)
  m <- predict(b, at)
  for (i in seq_along(at)) for (j in seq_len(df))
    out <- c(out, paste(df, i, j, num(m[i, j]), sep = ","))
}
# Ties, as ages in whole years have them.
ages <- c(0, 0, 1, 1, 1, 2, 3, 3, 4, 6, 7, 7, 9, 11, 11, 12, 13, 13, 15, 17)
b <- ns(ages, df = 3)
for (i in seq_along(ages)) for (j in 1:3)
  out <- c(out, paste("ages", i, j, num(b[i, j]), sep = ","))
writeLines(out, "features-ns.csv")

n <- 24
d <- data.frame(x = round(sin(1:n) * 10, 3), z = round(exp(cos(1:n) * 2), 4),
                f = c("a", "b", "c")[(1:n * 5) %% 3 + 1], g = c("u", "v")[(1:n %/% 3) %% 2 + 1],
                k = c(1, 2.5, 10)[(1:n * 7) %% 3 + 1])
d$x[5] <- NA
d$f[9] <- NA
write.csv(d, "features-table.csv", row.names = FALSE, quote = FALSE)
forms <- list(
  "f + x + f:x" = ~ f + x + f:x,
  "x + x:f" = ~ x + x:f,
  "f + f:x" = ~ f + f:x,
  "f:x" = ~ f:x,
  "f + g + f:g" = ~ f + g + f:g,
  "g + f:g" = ~ g + f:g,
  "f:g" = ~ f:g,
  "log(z) + ns(x, 3) + factor(k)" = ~ log(z) + ns(x, 3) + factor(k),
  "ns(x, 3):f + f" = ~ f + ns(x, 3):f,
  "x:log(z):g + g" = ~ g + x:log(z):g)
out <- "terms\tname\tvalues"
for (name in names(forms)) {
  m <- model.matrix(forms[[name]], model.frame(forms[[name]], d))
  m <- m[, colnames(m) != "(Intercept)", drop = FALSE]
  # Our names: column=level.
  nm <- gsub("factor\\(k\\)", "k=", colnames(m))
  nm <- gsub("(^|:)f([abc])", "\\1f=\\2", nm)
  nm <- gsub("(^|:)g([uv])", "\\1g=\\2", nm)
  for (j in seq_len(ncol(m)))
    out <- c(out, paste(name, nm[j], paste(num(m[, j]), collapse = " "), sep = "\t"))
}
writeLines(out, "features-design.csv")
