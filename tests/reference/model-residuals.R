# Residuals by row and cause, as `train --residuals` writes them: two causes of mgus2 (R's survival;
# model.R writes the table), with late entry made from the row numbers, every 50th row.
# Run: cd tests/reference/model && Rscript ../model-residuals.R
library(survival)
options(digits = 17)
ctl <- coxph.control(eps = 1e-13, iter.max = 60, toler.chol = 1e-14)
d <- read.csv("mgus2.csv")
d$entry <- ifelse(seq_len(nrow(d)) %% 4 == 0, pmin(20, d$time / 2), 0)
rows <- seq(1, nrow(d), by = 50)
out <- NULL
put <- function(cause, row, what, value)
  out <<- rbind(out, data.frame(row = row, cause = cause, what = what,
                                value = sprintf("%.17g", value)))
for (cause in c("pcm", "death")) {
  d$status <- as.numeric(d$end == cause)
  f <- coxph(Surv(entry, time, status) ~ age + male + hgb, d, control = ctl)
  m <- residuals(f, "martingale"); v <- residuals(f, "deviance")
  u <- residuals(f, "score"); b <- residuals(f, "dfbeta")
  s <- residuals(f, "schoenfeld"); z <- residuals(f, "scaledsch")
  # Schoenfeld's residuals come by time of death, and by row among equal times.
  dead <- which(d$status == 1); dead <- dead[order(d$time[dead])]
  for (i in sort(union(rows, head(dead, 5)))) {
    put(cause, i, "martingale", m[i]); put(cause, i, "deviance", v[i])
    for (k in 1:3) {
      name <- c("age", "male", "hgb")[k]
      put(cause, i, paste0("score:", name), u[i, k])
      put(cause, i, paste0("dfbeta:", name), b[i, k])
      at <- match(i, dead)
      if (!is.na(at)) {
        put(cause, i, paste0("schoenfeld:", name), s[at, k])
        put(cause, i, paste0("scaled_schoenfeld:", name), z[at, k])
      }
    }
  }
}
write.csv(out, "residuals.csv", row.names = FALSE, quote = FALSE)
