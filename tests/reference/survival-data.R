# Writes the data sets of R's survival package that the tests use, as numbers only, complete rows.
# Run in this directory: Rscript survival-data.R
suppressMessages(library(survival))
out <- function(name, frame) {
  frame <- frame[complete.cases(frame), ]
  frame[] <- lapply(frame, as.numeric)
  con <- file(file.path("survival/data", paste0(name, ".csv")), "wb")
  writeLines(paste(names(frame), collapse = ","), con)
  writeLines(do.call(paste, c(lapply(frame, function(v) sprintf("%.15g", v)), sep = ",")), con)
  close(con)
}
dir.create("survival/data", recursive = TRUE, showWarnings = FALSE)
out("lung", with(lung, data.frame(time, status = status - 1, age, sex, ph.ecog)))
out("lung_all", with(lung, data.frame(inst, time, status = status - 1, age, sex)))
L <- na.omit(lung)
out("lung_full", with(L, data.frame(time, status = status - 1, age, sex, ph.ecog, ph.karno, pat.karno, wt.loss)))
out("veteran", with(veteran, data.frame(time, status, trt, smallcell = celltype == "smallcell", adeno = celltype == "adeno",
  large = celltype == "large", celltype = as.integer(celltype), karno, diagtime, age, prior)))
out("pbc", with(pbc, data.frame(time, dead = status == 2, status, age, edema, lbili = log(bili), lprotime = log(protime), lalbumin = log(albumin))))
out("colon", with(colon, data.frame(id, time, status, lev = rx == "Lev", lev5fu = rx == "Lev+5FU", sex, age, etype)))
out("bladder2", with(bladder2, data.frame(id, start, stop, gap = stop - start, event, rx, size, number, enum)))
out("bladder", with(bladder, data.frame(id, stop, event, rx, size, number, enum)))
out("heart", with(heart, data.frame(id, start, stop, event, age, surgery, transplant = as.numeric(transplant) - 1, year)))
out("rats", with(rats, data.frame(litter, rx, time, status, female = sex == "f")))
out("kidney", with(kidney, data.frame(id, time, status, age, sex, frail)))
out("ovarian", with(ovarian, data.frame(futime, fustat, age, resid.ds, rx, ecog.ps)))
out("aml", with(aml, data.frame(time, status, x = x == "Maintained")))
out("cgd", with(cgd, data.frame(id, tstart, tstop, status, rx = treat == "rIFN-g", age, female = sex == "female", steroids, enum,
  hos = as.integer(hos.cat))))
out("diabetic", with(diabetic, data.frame(id, time, status, trt, age, risk, adult = laser == "argon")))
out("retinopathy", with(retinopathy, data.frame(id, futime, status, trt, age, risk)))
out("gbsg", with(gbsg, data.frame(rfstime, status, age, meno, size, grade, nodes, hormon)))
out("rotterdam", with(rotterdam, data.frame(rtime, recur, dtime, death, age, meno, grade, nodes, lpgr = log1p(pgr), hormon, chemo, year)))
out("mgus2", with(mgus2, data.frame(id, time = ifelse(pstat == 0, futime, ptime), cause = ifelse(pstat == 0, 2 * death, 1), age, male = sex == "M")))
out("transplant", with(transplant, data.frame(futime = futime + 0.5, cause = as.integer(event) - 1, age, male = sex == "m", abo = as.integer(abo))))
out("myeloid", with(myeloid, data.frame(id, trt = trt == "B", futime, death)))
out("flchain", with(subset(flchain, futime > 7), data.frame(start = age, stop = age + futime / 365.25, death, male = sex == "M", lcreat = log(creatinine),
  kappa, lambda, mgus))[seq(1, 7000, 5), ])
out("nafld", with(subset(nafld1, futime > 0), data.frame(start = age, stop = age + futime / 365.25, status, male, bmi))[seq(1, 17000, 12), ])
