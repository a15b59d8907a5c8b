# Repeated events of children in families, both of them clusters: made-up rows and coxph's answers.
# Two-way errors are V(child) + V(family) - V(child and family), each from a fit of its own.
# Run: cd tests/reference/model && Rscript ../model-repeated.R
suppressMessages(library(survival))
options(digits = 17)
set.seed(20)
rows <- list()
for (child in 1:160) {
  x <- rbinom(1, 1, 0.4); own <- rgamma(1, 3, 3); t <- sample(0:20, 1) * (child %% 4 == 0); last <- t + sample(60:160, 1)
  for (k in 1:6) {
    z <- round(rnorm(1), 2); family <- sample(45, 1)
    length <- ceiling(rexp(1, 0.02 * own * exp(0.5 * x + 0.3 * z + 0.1 * k))); end <- sample(c("breakdown", "home"), 1, prob = c(0.75, 0.25))
    exit <- t + length; if (exit > last) { exit <- last; end <- "none" }
    rows[[length(rows) + 1]] <- data.frame(child = paste0("c", child), family, x, z, entry = t, exit, end)
    t <- exit + sample(0:9, 1) * (child %% 3 == 0)
    if (end == "none" || t >= last) break
  }
}
d <- do.call(rbind, rows)
# One placement in eight is told in two rows, between which z changes.
d$split <- (seq_len(nrow(d)) %% 8 == 0) & d$exit - d$entry > 3
one <- d; one$exit[d$split] <- one$entry[d$split] + 2; one$end[d$split] <- "none"
two <- d[d$split, ]; two$entry <- two$entry + 2; two$z <- two$z + 0.5
d <- rbind(one, two)[c("child", "family", "x", "z", "entry", "exit", "end")]
write.csv(d[order(d$family, d$z), ], "repeated.csv", row.names = FALSE, quote = FALSE)

d <- d[order(d$child, d$entry), ]
d$event <- d$end == "breakdown"
d$number <- 1 + ave(as.numeric(d$event), d$child, FUN = function(e) cumsum(e) - e)
ended <- ave(as.numeric(d$end != "none"), d$child, FUN = function(e) cumsum(e) - e)
d$start <- ave(d$entry, interaction(d$child, ended, drop = TRUE), FUN = min)
out <- file("repeated.txt", "w")
put <- function(name, values) cat(name, sprintf("%.17g", values), "\n", sep = " ", file = out)
ctl <- coxph.control(eps = 1e-13, iter.max = 60, toler.chol = 1e-14, timefix = FALSE)
fit <- function(name, form, d) {
  v <- function(g) { d$g <- g; vcov(coxph(form, d, cluster = g, ties = "efron", control = ctl)) }
  f <- coxph(form, d, ties = "efron", control = ctl)
  put(paste0(name, ".n"), f$n); put(paste0(name, ".coef"), coef(f)); put(paste0(name, ".se"), sqrt(diag(vcov(f))))
  put(paste0(name, ".loglik"), f$loglik)
  put(paste0(name, ".child"), sqrt(diag(v(d$child))))
  put(paste0(name, ".two-way"), sqrt(diag(v(d$child) + v(d$family) - v(interaction(d$child, d$family, drop = TRUE)))))
}
total <- Surv(entry, exit, event) ~ x + z
fit("andersen-gill", total, d)
fit("pwp-total", update(total, . ~ . + strata(number)), d)
gap <- Surv(entry - start, exit - start, event) ~ x + z + strata(number)
fit("pwp-gap", gap, d)
fit("pwp-gap.3", gap, d[d$number <= 3, ])
wlw <- function(most) do.call(rbind, lapply(seq_len(most), function(k) {
  e <- d[d$number <= k, ]; e$event <- e$event & e$number == k; e$k <- k; e
}))
fit("wlw", Surv(entry, exit, event) ~ x + z + strata(k), wlw(max(d$number[d$event])))
fit("wlw.2", Surv(entry, exit, event) ~ x + z + strata(k), wlw(2))
close(out)
