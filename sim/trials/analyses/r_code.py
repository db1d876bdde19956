"""R and Stata code that gives the numbers of an analysis: for a statistician to check, and to file.

The R code of tests at the level of clusters needs R alone; the others name the packages they need.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sim.errors import InputError, unknown
from sim.trials.analyses.correlations import PERIOD
from sim.trials.analyses.exposure import AT_EXPOSURE, AVERAGE, CONSTANT, LONG_TERM
from sim.trials.analyses.registry import ANALYSES
from sim.trials.analyses.several_arms import DUNNETT
from sim.trials.fits.gee import DECAY, EXCHANGEABLE, INDEPENDENCE, NESTED
from sim.trials.fits.model_formula import (
    ModelFormula,
    names_in,
    parse_formula,
    with_column,
    written,
)

LANGUAGES = ("R", "Stata")
# What is written in R alone.
BESIDE = ("likelihood", "contrasts", "exposure_spline")
# Allocations that are listed; beyond, this many are drawn.
DRAWN = 20_000


def code(
    language: str, result: Mapping[str, Any], path: str | Path, missing: Sequence[str] = ()
) -> str:
    """Return a script that does an analysis again.

    Parameters
    ----------
    language : {'R', 'Stata'}
    result : mapping
        Of `sim.trials.analyses.analyse.analyse_table` or, with a plan, of
        `sim.trials.analyses.declared_analysis.analyse_by_design`: the planned test alone.
    path : str or Path
        The table.
    missing : sequence of str
        Values that stand for missing, besides an empty field and NA.

    Raises
    ------
    InputError
        For another language.
    """
    if language not in LANGUAGES:
        raise unknown("code", language, LANGUAGES)
    mark = "*" if language == "Stata" else "#"
    imputed = "multiple_imputation" in result
    head = f"{mark} Of complete rows; no code is written for imputed outcomes\n" if imputed else ""
    if "family" in result:
        if language == "Stata":
            return head + stata_generalised(result, path)
        return head + generalised_script(result, path, missing)
    outcomes = [result, result["second"]] if "second" in result else [result]
    if language == "Stata":
        return head + "\n".join(stata_script(one, path) for one in outcomes)
    return head + "\n".join(r_script(one, path, missing) for one in outcomes)


def r_script(result: Mapping[str, Any], path: str | Path, missing: Sequence[str]) -> str:
    """Return the script in R."""
    formula = parse_formula(result["formula"])
    beside = [result[key] for key in ("weights", "residual_by") if result.get(key)]
    used = dict.fromkeys((*formula.fixed_names, *formula.random_names, *beside))
    lines = [
        f"# {result.get('direction', 'joint test')}: {result['term']} in {formula.text}",
        _reading(Path(path), missing),
    ]
    if "clper" in used and "clper" not in result.get("columns", ()):
        lines.append(
            'd$clper <- interaction(d$cluster, d[[intersect(c("period", "time"), names(d))]])'
        )
    lines.append(f"d <- d[complete.cases(d[, c({', '.join(json.dumps(one) for one in used)})]), ]")
    lines += _relevelled(result["references"])
    more = likelihood(result, formula) if "likelihood" in result else []
    if "contrasts" in result:
        more += free_contrasts(result, formula)
    if "exposure_spline" in result:
        more += spline(result, formula)
    plan = result.get("plan")
    if "joint" in result:
        tests = [joint(result, formula)] if plan is None else each_arm(result, formula)
        return "\n".join([*lines, "", *tests, *more]) + "\n"
    if _beyond_lme4(result, formula):
        return "\n".join([*lines, "", over_time(result, formula)]) + "\n"
    wanted = ANALYSES if plan is None else {plan["test"]: ANALYSES[plan["test"]]}
    found: list[str] = []
    if plan is not None and plan["correlation"] is not None:
        return "\n".join([*lines, "", marginal_plan(result, formula)]) + "\n"
    if plan is not None and plan["estimand"] != CONSTANT:
        return "\n".join([*lines, "", by_exposure(result, formula), *more]) + "\n"
    for name, one in wanted.items():
        shown = name in result["tests"] or (name == "permutation" and result["cluster_permutation"])
        # Sequences over periods are exchanged otherwise than arms of whole clusters.
        if name == "permutation" and not result["cluster_summary"]:
            if plan is not None:
                raise InputError(f"code = 'R': {NO_SEQUENCES}")
            found += ["", f"# permutation test: {NO_SEQUENCES}"] if shown else []
            continue
        if shown or plan is not None:
            text = _filled(one.r_code, result, formula)
            # What was planned must not be left out.
            found += ["", f"# {one.title}", if_there(text, one.short) if plan is None else text]
    return "\n".join([*lines, *found, *more]) + "\n"


def if_there(text: str, name: str) -> str:
    """Return R's lines of an analysis, left out with a message where a package is missing."""
    packages = list(dict.fromkeys(re.findall(r"^library\((\w+)\)", text, flags=re.MULTILINE)))
    if not packages:
        return text
    # lmerTest has this from a package that need not be there.
    packages += ["pbkrtest"] if "Kenward-Roger" in text and "lmerTest" in packages else []
    listed = ", ".join(json.dumps(one) for one in packages)
    inner = "\n".join(f"  {line}" for line in text.splitlines())
    return (
        f"if (all(sapply(c({listed}), requireNamespace, quietly = TRUE))) {{\n{inner}\n"
        f'}} else message("{name}: left out, needs {" and ".join(packages)}")'
    )


def each_arm(result: Mapping[str, Any], formula: ModelFormula) -> list[str]:
    """Return R's lines for the planned test of each of several arms."""
    plan, found = result["plan"], []
    own = ANALYSES[plan["test"]]
    for one in plan["answers"]:
        lines = _filled(own.r_code, {**result, "coefficient": one["coefficient"]}, formula)
        found += [f"# {own.title}: {one['direction']}", lines, ""]
    if plan["multiplicity"] == DUNNETT:
        together = (
            "# Together, with t and df of each: l <- sqrt(n / (n + n of control)), numbers of",
            "# clusters; R <- outer(l, l); diag(R) <- 1;",
            "# 1 - mvtnorm::pmvt(rep(-abs(t), length(n)), rep(abs(t), length(n)), df = round(df),",
            "#                   corr = R)",
        )
        return [*found, *together]
    return [*found, f'# Together: p.adjust(c(p of each), "{plan["multiplicity"]}")']


NO_SEQUENCES = "no code is written to permute treatment that varies within clusters"
LIKELIHOOD = """\
# By maximum likelihood: profile intervals, and the likelihood-ratio test of {term}
library(lme4)
whole <- lmer({formula}, data = d, REML = FALSE{weighted})
print(confint(whole, parm = "beta_", method = "profile"{level}))
X <- model.matrix(whole)
d$X <- X[, !colnames(X) %in% c({tested})]
random <- paste0("(", sapply(findbars(formula(whole)), deparse1), ")", collapse = " + ")
without <- lmer(as.formula(paste("{response} ~ 0 + X +", random)), data = d,
                REML = FALSE{weighted})
print(anova(without, whole))"""
JOINT = """\
# Joint F tests, Kenward-Roger's and Satterthwaite's; adjusted means and their differences
library(lmerTest)
fit <- lmer({formula}, data = d, REML = TRUE{weighted})
L <- diag(length(fixef(fit)))[names(fixef(fit)) %in% c({tested}), , drop = FALSE]
print(contestMD(fit, L, ddf = "Kenward-Roger"))
print(contestMD(fit, L, ddf = "Satterthwaite"))"""
CONTRASTS = """\
# Contrasts of coefficients, each and all together
library(lmerTest)
fit <- lmer({formula}, data = d, REML = TRUE{weighted})
L <- matrix(0, {count}, length(fixef(fit)), dimnames = list(NULL, names(fixef(fit))))
{rows}
for (ddf in c("Kenward-Roger", "Satterthwaite")) {
  for (k in seq_len(nrow(L))) print(contest1D(fit, L[k, ], ddf = ddf))
  print(contestMD(fit, L, ddf = ddf))
}"""
GENERALISED_CONTRASTS = """

# Contrasts of coefficients; of the marginal model with the plain error
L <- matrix(0, {count}, length(coef(marginal)), dimnames = list(NULL, names(coef(marginal))))
{rows}
print(cbind(estimate = drop(L %*% coef(marginal)),
            se = sqrt(diag(L %*% vcov(marginal) %*% t(L)))))"""
MIXED_CONTRASTS = """
print(cbind(estimate = drop(L %*% fixef(mixed)),
            se = sqrt(diag(L %*% as.matrix(vcov(mixed)) %*% t(L)))))"""
MEANS = """
library(emmeans)
means <- emmeans(fit, "{term}", lmer.df = "kenward-roger")
print(means)
print(pairs(means, adjust = "holm"))"""
OVER_TIME = """\
# lme's degrees of freedom are inner and outer ones, neither Satterthwaite's nor Kenward-Roger's;
# estimate, standard error and likelihood are the same
library(nlme)
{made}
fit <- lme({response} ~ {fixed}, random = {random}, data = d, method = "REML"{more})
print(summary(fit)$tTable["{coefficient}", ])
print(VarCorr(fit))
print(fit$modelStruct)"""
FADING = """\
# glmmTMB integrates over the coefficients otherwise: its standard errors are a little larger
library(glmmTMB)
fit <- glmmTMB({formula}, data = d, REML = TRUE)
print(summary(fit)$coefficients$cond["{coefficient}", ])
print(VarCorr(fit))"""


def likelihood(result: Mapping[str, Any], formula: ModelFormula) -> list[str]:
    """Return R's lines for profile intervals and the likelihood-ratio test.

    Raises
    ------
    InputError
        For a covariance that lme4 does not have: nlme has no profile intervals.
    """
    confidence = result["likelihood"]["confidence"]
    response = formula.response
    if formula.offset:
        response = f"I({response} - ({formula.offset}))"
    values = {
        "term": result["term"],
        "response": response,
        "level": "" if confidence == 0.95 else f", level = {confidence:g}",
        "tested": ", ".join(map(json.dumps, result.get("tested") or [result["coefficient"]])),
    }
    return ["", _of_lme4(LIKELIHOOD, "profile intervals", values, result, formula)]


def free_contrasts(result: Mapping[str, Any], formula: ModelFormula) -> list[str]:
    """Return R's lines for contrasts that were asked for.

    Raises
    ------
    InputError
        For a covariance that lme4 does not have.
    """
    return ["", _of_lme4(CONTRASTS, "contrasts", _weights(result), result, formula)]


def _weights(result: Mapping[str, Any]) -> dict[str, str]:
    """Return R's lines that fill the weights of contrasts in, and how many there are."""
    each = result["contrasts"]["each"]
    rows = [
        f"L[{k}, c({', '.join(map(json.dumps, one['weights']))})] <- "
        f"c({', '.join(map(repr, one['weights'].values()))})"
        for k, one in enumerate(each, 1)
    ]
    return {"count": str(len(each)), "rows": "\n".join(rows)}


def spline(result: Mapping[str, Any], formula: ModelFormula) -> list[str]:
    """Return R's lines for effects along a spline of exposure.

    Raises
    ------
    InputError
        For a covariance that lme4 does not have.
    """
    values = _of_exposure(result, formula, _group(result))
    values |= {"df": str(result["exposure_spline"]["df"])}
    model = replace(formula, text=with_column(formula.text, values["term"], "curve"))
    return ["", _of_lme4(LINEAR_CURVE, "splines", values, result, model)]


def _of_exposure(result: Mapping[str, Any], formula: ModelFormula, group: str) -> dict[str, str]:
    """Return what is filled in where exposure is counted."""
    compared = result["compared"] or {}
    return {
        "group": group,
        "period": next((one for one in names_in(formula.fixed) if PERIOD.search(one)), ""),
        # The column, where the term is R's name of its coefficient.
        "term": compared.get("column", result["term"]),
        "level": json.dumps(str(compared.get("level")), ensure_ascii=False),
    }


def joint(result: Mapping[str, Any], formula: ModelFormula) -> str:
    """Return R's lines for a term with several coefficients.

    Raises
    ------
    InputError
        For a covariance that lme4 does not have.
    """
    tested = ", ".join(json.dumps(one) for one in result["tested"])
    text = JOINT + (MEANS if "adjusted_means" in result else "")
    values = {"tested": tested, "term": result["term"]}
    return _of_lme4(text, "joint tests", values, result, formula)


def _of_lme4(
    template: str,
    what: str,
    values: Mapping[str, str],
    result: Mapping[str, Any],
    formula: ModelFormula,
) -> str:
    """Return a template of a fit by lme4 with its values, the model and its weights in it."""
    if _beyond_lme4(result, formula):
        raise InputError(f"code = 'R': {what} are written for models that lme4 fits")
    weights = result.get("weights")
    weighted = f", weights = {written(weights)}" if weights else ""
    every = {**values, "formula": formula.text, "weighted": weighted}
    return re.sub(r"\{(\w+)\}", lambda one: every[one[1]], template)


def _beyond_lme4(result: Mapping[str, Any], formula: ModelFormula) -> bool:
    """Return whether lme4 does not have a model's covariance."""
    fading = any(one.time is not None for one in formula.random)
    return bool(fading or formula.residual is not None or result.get("residual_by"))


def over_time(result: Mapping[str, Any], formula: ModelFormula) -> str:
    """Return R's lines for residuals that differ or are correlated, or effects that fade.

    Raises
    ------
    InputError
        For both at once, which no package named here has.
    """
    fading = [one for one in formula.random if one.time is not None]
    by, weights, over = result.get("residual_by"), result.get("weights"), formula.residual
    if fading and (by or weights or over is not None):
        raise InputError(
            "code = 'R': effects that fade together with weights, or residuals that differ or are "
            "correlated, are not written"
        )
    if fading:
        text = re.sub(
            r"decay\(\s*(\w+)\s*\|\s*([^)]*)\)", r"ar1(factor(\1) + 0 | \2)", formula.text
        )
        values = {"formula": text, "coefficient": result["coefficient"]}
        return re.sub(r"\{(\w+)\}", lambda one: values[one[1]], FADING)
    groups: dict[tuple[str, ...], list[str]] = {}
    for one in sorted(formula.random, key=lambda term: len(term.factors)):
        slope = "1" if one.slope is None else written(one.slope)
        groups.setdefault(one.factors, []).append(slope)
    made, random = [], []
    for number, (factors, slopes) in enumerate(groups.items(), 1):
        columns = ", ".join(f"d[[{json.dumps(one)}]]" for one in factors)
        made.append(f"d$g{number} <- interaction({columns}, drop = TRUE)")
        start = slopes if "1" in slopes else ["0", *slopes]
        random.append(f"g{number} = ~ {' + '.join(start)}")
    more = []
    if over is not None:
        columns = ", ".join(f"d[[{json.dumps(one)}]]" for one in over.factors)
        made.append(f"d$unit <- interaction({columns}, drop = TRUE)")
        nested = "/".join([*(f"g{k}" for k in range(1, len(groups) + 1)), "unit"])
        more.append(f"correlation = corAR1(form = ~ {written(over.time)} | {nested})")
    fixed = [f"varFixed(~ I(1 / {written(weights)}))"] if weights else []
    varied = [*fixed, *([f"varIdent(form = ~ 1 | {written(by)})"] if by else [])]
    if varied:
        whole = varied[0] if len(varied) == 1 else f"varComb({', '.join(varied)})"
        more.append(f"weights = {whole}")
    response = (
        formula.response if not formula.offset else f"I({formula.response} - {formula.offset})"
    )
    values = {
        "made": "\n".join(made),
        "response": response,
        "fixed": formula.fixed,
        "random": f"list({', '.join(random)})",
        "more": "".join(f",\n           {one}" for one in more),
        "coefficient": result["coefficient"],
    }
    return re.sub(r"\{(\w+)\}", lambda one: values[one[1]], OVER_TIME)


# Of a factor in the order of its labels, whichever is its reference.
WHEN = 'type.convert(as.character(d[["{period}"]]), as.is = TRUE)'
TIME = f"match({WHEN}, sort(unique({WHEN})))"
EXPOSED = f"""\
group <- {{group}}
time <- {TIME}
on <- as.character(d[["{{term}}"]]) == {{level}}
first <- tapply(ifelse(on, time, Inf), group, min)[as.character(group)]
d$exposure <- factor(ifelse(on, time - first + 1, 0))"""
BY_EXPOSURE = f"""\
# {{title}} of the {{estimand}}: an effect for each period since a cluster began
{EXPOSED}
library(lmerTest)
fit <- lmer({{model}}, data = d, REML = TRUE)
effects <- grep("^exposure", names(fixef(fit)))
L <- numeric(length(fixef(fit)))
L[{{wanted}}] <- {{weight}}
print(contest1D(fit, L, ddf = "{{ddf}}"))"""
CURVE = f"""\
# Effects along a natural cubic spline of exposure, nought before treatment, and their average
{EXPOSED}
steps <- as.integer(as.character(d$exposure))
B <- splines::ns(0:max(steps), df = {{df}})
B <- sweep(B, 2, B[1, ])
d$curve <- B[steps + 1, , drop = FALSE]
each <- B[1 + sort(unique(steps[steps > 0])), , drop = FALSE]
each <- rbind(each, colMeans(each))"""
LINEAR_CURVE = f"""\
{CURVE}
library(lmerTest)
fit <- lmer({{formula}}, data = d, REML = TRUE{{weighted}})
L <- matrix(0, nrow(each), length(fixef(fit)))
L[, grep("^curve", names(fixef(fit)))] <- each
for (ddf in c("Kenward-Roger", "Satterthwaite"))
  for (k in seq_len(nrow(L))) print(contest1D(fit, L[k, ], ddf = ddf))"""
MARGINAL_CURVE = f"""
{CURVE}
along <- geeglm({{curved}}, id = {{group}}, data = d, family = {{family}},
                {{working}}{{scale}})
print(drop(each %*% coef(along)[grep("^curve", names(coef(along)))]))"""
MIXED_CURVE = """
along <- glmer({curved_whole}, data = d, family = {family}, nAGQ = {points},
               control = glmerControl(tolPwrss = 1e-12))
at <- grep("^curve", names(fixef(along)))
V <- as.matrix(vcov(along))[at, at]
print(cbind(estimate = drop(each %*% fixef(along)[at]), se = sqrt(diag(each %*% V %*% t(each)))))"""
CONDITIONS = """\
at <- lapply({levels}, function(level) {
  d[["{column}"]][] <- level
  own(d)
})
difference <- {difference}"""
CORRECTED = {
    "KC": "e <- eigen(left)\n  e$vectors %*% (solve(e$vectors, p$s) / sqrt(e$values))",
    "MD": "solve(left, p$s)",
    "FG": "p$s / sqrt(pmax(0.25, diag(left)))",
}
GENERALISED = """\
# Marginal model; its standard error is the plain one, which is too small with few clusters
library(geepack)
d <- d[order({group}), ]
{pairs}marginal <- geeglm({formula}, id = {group}, data = d, family = {family},
                   {working}{scale})
print(summary(marginal)$coefficients["{coefficient}", ])
{mixed}
# Everybody in each arm, by the marginal model
arms <- lapply(c({low}, {high}), function(level) {
  d[["{term}"]] <- level
  mean(predict(marginal, newdata = d, type = "response"))
})
print(c(difference = arms[[2]] - arms[[1]], ratio = arms[[2]] / arms[[1]]))"""


MIXED = """
# Mixed model, {points} quadrature points
library(lme4)
# (glmer's own tolerance stops short of the modes: standard errors 0.1 to 0.3% too small)
mixed <- glmer({whole}, data = d, family = {family}, nAGQ = {points},
               control = glmerControl(tolPwrss = 1e-12))
print(summary(mixed)$coefficients["{coefficient}", ])
"""
PAIRS = """\
# A row for each pair of people of a cluster
apart <- unlist(lapply(split({cells}, {group}),
                       function(cell) if (length(cell) > 1)
                         combn(seq_along(cell), 2, function(k) {between})))
"""
WORKING = {
    EXCHANGEABLE: ("", 'corstr = "exchangeable"'),
    INDEPENDENCE: ("", 'corstr = "independence"'),
    NESTED: (
        "cell[k[1]] != cell[k[2]]",
        'corstr = "userdefined", zcor = cbind(!apart, apart) * 1',
    ),
    # geepack estimates no such decay: the one found here is given.
    DECAY: (
        "abs(cell[k[1]] - cell[k[2]])",
        'corstr = "fixed", zcor = {within} * {factor}^apart',
    ),
}


def generalised_script(result: Mapping[str, Any], path: str | Path, missing: Sequence[str]) -> str:
    """Return the marginal and the mixed model of a binary or count outcome in R."""
    formula = parse_formula(result["formula"])
    used = dict.fromkeys((*formula.fixed_names, *formula.random_names))
    compared = result["compared"] or {}
    level = compared.get("level"), compared.get("reference")
    column = compared.get("column", result["term"])
    quoted = column in result["references"]
    high, low = (json.dumps(str(one)) if quoted else str(one) for one in level)
    offset = f" + offset({formula.offset})" if formula.offset else ""
    kind, found = result["marginal"]["working"], result["marginal"]["correlation"]
    between, working = WORKING[kind]
    time = formula.random[0].time
    of_name = {one.group: one.factors for one in formula.random}
    groups = [
        ", ".join(f"d[[{json.dumps(column)}]]" for column in of_name[one])
        for one in result["groupings"]
    ]
    values = {
        "pairs": PAIRS if between else "",
        "between": between,
        "working": working,
        "scale": ", scale.fix = TRUE" if result["family"] == "binomial" else "",
        "mixed": "" if result["mixed"] is None else MIXED,
        "cells": f"as.numeric(as.character(d[[{json.dumps(time)}]]))"
        if time
        else f"interaction({groups[-1]}, drop = TRUE)",
        "within": repr(found[0]),
        "factor": repr(found[-1]),
        "group": f"interaction({groups[0]}, drop = TRUE)",
        "formula": f"{formula.response} ~ {formula.fixed}{offset}",
        "whole": formula.text,
        "family": result["family"],
        "points": str(result["points"]),
        "coefficient": result["coefficient"],
        "term": column,
        "low": low,
        "high": high,
    }
    text = GENERALISED
    if "contrasts" in result:
        text += GENERALISED_CONTRASTS
        values |= _weights(result)
        if result["mixed"] is not None:
            text += MIXED_CONTRASTS
    if "exposure_spline" in result:
        text += MARGINAL_CURVE + ("" if result["mixed"] is None else MIXED_CURVE)
        values |= _of_exposure(result, formula, values["group"])
        values |= {
            "df": str(result["exposure_spline"]["df"]),
            "curved": with_column(values["formula"], column, "curve"),
            "curved_whole": with_column(formula.text, column, "curve"),
        }
    for _ in range(2):  # What is filled in has names to fill in
        text = re.sub(r"\{(\w+)\}", lambda one: values[one[1]], text)
    lines = [
        f"# {result['direction']}: {result['term']} in {formula.text}",
        _reading(Path(path), missing),
        f"d <- d[complete.cases(d[, c({', '.join(json.dumps(one) for one in used)})]), ]",
        *_relevelled(result["references"]),
        "",
        text,
    ]
    return "\n".join(lines) + "\n"


def marginal_plan(result: Mapping[str, Any], formula: ModelFormula) -> str:
    """Return R's lines for the planned test of a marginal model."""
    plan, term = result["plan"], result["term"]
    kind, answer = plan["correlation"], plan["answer"]
    found = answer["working"]
    between, working = WORKING[kind]
    constant = plan["estimand"] == CONSTANT
    compared = result["compared"]
    own = {AVERAGE: "-1", LONG_TERM: "length(at)", AT_EXPOSURE: f"{plan['exposure_period']} + 1"}
    if constant:
        ends = compared["level"], compared["reference"]
        quoted = term in result["references"]
        levels = f"c({', '.join(json.dumps(one) if quoted else str(one) for one in ends)})"
        difference = "at[[1]] - at[[2]]"
    else:
        levels = "levels(d$exposure)"
        mean = f"Reduce(`+`, at[{own[plan['estimand']]}]) / length(at[{own[plan['estimand']]}])"
        difference = f"{mean} - at[[1]]"
    binary = answer["family"] == "binomial"
    fixed = formula.fixed
    if not constant:
        fixed = with_column(fixed, term, "exposure")
    exposed = _of_exposure(result, formula, _group(result))
    values = {
        **exposed,
        "made": "" if constant else EXPOSED,
        "pairs": PAIRS if between else "",
        "between": between,
        "working": working,
        "within": repr(found[0]),
        "factor": repr(found[-1]),
        "cells": TIME,
        "unlike": f"abs(outer({TIME}, {TIME}, `-`))" if between else "NULL",
        "correlation": {
            EXCHANGEABLE: "matrix(fit$geese$alpha, length(i), length(i))",
            INDEPENDENCE: "matrix(0, length(i), length(i))",
            NESTED: "matrix(fit$geese$alpha[1 + (unlike[i, i] > 0)], length(i))",
            DECAY: "{within} * {factor}^unlike[i, i]",
        }[kind],
        "corrected": CORRECTED[answer["error"]],
        "model": f"{formula.response} ~ {fixed}",
        "family": answer["family"],
        "scale": ", scale.fix = TRUE" if binary else "",
        "variance": "mu * (1 - mu)" if binary else "mu",
        "phi": "1" if binary else "fit$geese$gamma",
        "conditions": CONDITIONS,
        "levels": levels,
        "column": term if constant else "exposure",
        "difference": difference,
    }
    text = ANALYSES[plan["test"]].r_code
    for _ in range(3):  # What is filled in has names to fill in
        text = re.sub(r"\{(\w+)\}", lambda one: values.get(one[1], one[0]), text)
    return f"# {ANALYSES[plan['test']].title}: {plan['estimand']}\n{text}"


def _relevelled(references: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the lines that give factors their references."""
    return [
        f"d[[{json.dumps(name)}]] <- relevel(factor(d[[{json.dumps(name)}]]), "
        f"ref = {json.dumps(one['label'])})"
        for name, one in references.items()
    ]


DDF = {"kenward-roger": "Kenward-Roger", "satterthwaite": "Satterthwaite"}


def by_exposure(result: Mapping[str, Any], formula: ModelFormula) -> str:
    """Return R's lines for a plan that estimates an effect by exposure.

    Raises
    ------
    InputError
        For a test that has no such lines.
    """
    plan = result["plan"]
    if plan["test"] not in DDF:
        raise InputError(
            f"code = 'R': of the {plan['estimand']} it is written for "
            f"{' and '.join(DDF)}, not for {plan['test']}"
        )
    term = result["term"]
    wanted, weight = {
        AVERAGE: ("effects", "1 / length(effects)"),
        LONG_TERM: ("max(effects)", "1"),
        AT_EXPOSURE: (f"effects[{plan['exposure_period']}]", "1"),
    }[plan["estimand"]]
    values = {
        **_of_exposure(result, formula, _group(result)),
        "title": ANALYSES[plan["test"]].title,
        "estimand": plan["estimand"],
        "model": with_column(formula.text, term, "exposure"),
        "wanted": wanted,
        "weight": weight,
        "ddf": DDF[plan["test"]],
    }
    return re.sub(r"\{(\w+)\}", lambda one: values[one[1]], BY_EXPOSURE)


def _group(result: Mapping[str, Any]) -> str:
    """Return the randomised clusters in R."""
    columns = ", ".join(f"d[[{json.dumps(one)}]]" for one in result["randomised"])
    return f"interaction({columns}, drop = TRUE)"


READERS = {
    ".xlsx": "readxl::read_excel",
    ".dta": "haven::read_dta",
    ".sav": "haven::read_sav",
    ".parquet": "arrow::read_parquet",
}


def _reading(path: Path, missing: Sequence[str]) -> str:
    """Return the line that reads the table."""
    name = json.dumps(str(path))
    reader = READERS.get(path.suffix.lower())
    if reader is not None:
        return f"d <- as.data.frame({reader}({name}))"
    marks = ", ".join(json.dumps(one) for one in _marks(missing))
    return f"d <- read.csv({name}, check.names = FALSE,\n              na.strings = c({marks}))"


def _marks(missing: Sequence[str]) -> list[str]:
    codes = [one.split("=", 1)[-1] for one in missing]
    return list(dict.fromkeys(("", "NA", "NaN", *codes)))


def _filled(template: str, result: Mapping[str, Any], formula: ModelFormula) -> str:
    """Return a template with the names of an analysis in it."""
    strata = result["strata"]
    columns = strata["columns"] if strata is not None else []
    within = ", ".join(f"d[[{json.dumps(one)}]]" for one in columns) or "rep(1, nrow(d))"
    weights = result.get("weights")
    if weights:
        template = template.replace("REML = TRUE", f"REML = TRUE, weights = {written(weights)}")
        if "Kenward-Roger" in template:
            template = f"# pbkrtest leaves the weights out (0.5.2): other df than here\n{template}"
    values = {
        "formula": formula.text,
        "fixed": f"~ {formula.fixed}",
        "response": formula.response,
        "coefficient": result["coefficient"],
        "group": _group(result),
        "within": f"interaction({within}, drop = TRUE)",
        "df": "" if result["between_within"] is None else f"{result['between_within']['df']:g}",
        "draws": str(DRAWN),
    }
    return re.sub(r"\{(\w+)\}", lambda one: values.get(one[1], one[0]), template)


def stata_script(result: Mapping[str, Any], path: str | Path) -> str:
    """Return the mixed model in Stata, which has not been run."""
    formula = parse_formula(result["formula"])
    beyond = _beyond_lme4(result, formula) or result.get("weights")
    beyond = beyond or any(one in result for one in BESIDE)
    # A linear model is not what was planned.
    beyond = beyond or (result.get("plan") or {}).get("correlation") is not None
    if "joint" in result or beyond:
        raise InputError("code = 'Stata': not written for this model; use R")
    if formula.offset or any(one.slope is not None for one in formula.random):
        raise InputError("code = 'Stata': random slopes and offsets are not written; use R")
    if names_in(formula.response) != (formula.response.strip("`"),):
        raise InputError("code = 'Stata': make the outcome a column of its own first, or use R")
    labels = result["references"]
    fixed = _stata_fixed(formula, labels)
    random = sorted(formula.random, key=lambda one: len(one.factors))
    groups = [f"|| {'_'.join(one.factors)}:" for one in random]
    made = [
        f"egen {'_'.join(one.factors)} = group({' '.join(one.factors)})"
        for one in random
        if len(one.factors) > 1
    ]
    plan, after = result.get("plan"), []
    if plan is not None and plan["estimand"] != CONSTANT:
        term = result["term"]
        fixed = ["i.exposure" if one[2:] == term else one for one in fixed]
        own, more = _stata_exposure(result, formula, term in labels)
        made, after = [*own, *made], [more]
    return "\n".join(
        [
            "* Not run: written for Stata 17 from the model that was fitted.",
            f'import delimited "{path}", clear varnames(1) case(preserve)',
            *made,
            *_stata_factors(labels),
            f"mixed {formula.response} {' '.join(fixed)} {' '.join(groups)}, reml dfmethod(kroger)",
            *after,
            "",
        ]
    )


def stata_generalised(result: Mapping[str, Any], path: str | Path) -> str:
    """Return the models of a binary or count outcome in Stata, which have not been run."""
    formula = parse_formula(result["formula"])
    beyond = any(one in result for one in BESIDE)
    if result["marginal"] is None or result["marginal"]["working"] == DECAY or beyond:
        raise InputError("code = 'Stata': not written for this model; use R")
    if names_in(formula.response) != (formula.response.strip("`"),):
        raise InputError("code = 'Stata': make the outcome a column of its own first, or use R")
    labels, binary = result["references"], result["family"] == "binomial"
    # Of a factor `margins` gives the difference between its labels, of a number a derivative.
    factors = labels if result["compared"] is None else {*labels, result["term"]}
    right = f"{formula.response} {' '.join(_stata_fixed(formula, factors))}"
    random = sorted(formula.random, key=lambda one: len(one.factors))
    made = [f"egen group_{k} = group({' '.join(one.factors)})" for k, one in enumerate(random, 1)]
    months = re.fullmatch(r"log\((.*)\)", formula.offset or "")
    offset = f" exposure({months[1]})" if months else ""
    kind = result["marginal"]["working"]
    of_family = "family(binomial) link(logit)" if binary else "family(poisson) link(log)"
    free = "" if binary else " scale(x2)"
    marginal = [
        "* Marginal model; vce(robust) is the plain error, too small with few clusters",
        "xtset group_1",
        f"xtgee {right}, {of_family} corr({'independent' if kind == INDEPENDENCE else kind})"
        f"{offset}{free} vce(robust)",
        "* Everybody in each arm",
        f"margins, dydx({result['term']})",
    ]
    if kind == NESTED:
        marginal = [
            "* xtgee has no nested exchangeable correlation: the marginal model is left out"
        ]
    way = "laplace" if result["points"] == 1 else "mvaghermite"
    how = f"intmethod({way})" + ("" if way == "laplace" else f" intpoints({result['points']})")
    levels = " ".join(f"|| group_{k}:" for k in range(1, len(random) + 1))
    command = "melogit" if binary else "mepoisson"
    # An offset goes with the fixed part, before the levels.
    comma = f",{offset}" if offset else ""
    return "\n".join(
        [
            "* Not run: written for Stata 17 from the models that were fitted.",
            f'import delimited "{path}", clear varnames(1) case(preserve)',
            *made,
            *_stata_factors(labels),
            *marginal,
            "* Mixed model",
            f"{command} {right}{comma} {levels}, {how}",
            "",
        ]
    )


def _stata_fixed(formula: ModelFormula, labels: Collection[str]) -> list[str]:
    """Return the terms of the fixed part as Stata has them.

    Raises
    ------
    InputError
        For a computed column.
    """
    found = []
    for term in (one.strip() for one in formula.fixed.split("+")):
        if term == "1":
            continue
        parts = re.split(r"\s*([*:])\s*", term)
        for at in range(0, len(parts), 2):
            named = re.sub(r"^(?:as\.)?factor\((.*)\)$|^C\((.*)\)$", r"\1\2", parts[at])
            plain = named.strip("`")
            if not re.fullmatch(r"[^\W\d]\w*", plain):
                raise InputError(
                    f"code = 'Stata': '{term}' is not written; make it a column first, or use R"
                )
            factor = plain in labels or named != parts[at]
            parts[at] = f"i.{plain}" if factor else f"c.{plain}"
        found.append("".join({"*": "##", ":": "#"}.get(one, one) for one in parts))
    return found


def _stata_factors(labels: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the lines that number labels, the reference first."""
    found = []
    for name, one in labels.items():
        if re.fullmatch(r"-?\d+", str(one["label"])):
            found.append(f"fvset base {one['label']} {name}")
            continue
        found += [
            f'label define {name}_of 1 "{one["label"]}"',
            f"encode {name}, generate({name}_of) label({name}_of)",
            f"drop {name}",
            f"rename {name}_of {name}",
        ]
    return found


def _stata_exposure(
    result: Mapping[str, Any], formula: ModelFormula, labelled: bool
) -> tuple[list[str], str]:
    """Return Stata's lines for effects by exposure, and that for the planned one of them."""
    plan, levels = result["plan"], [one["exposure"] for one in result["exposure"]["by_exposure"]]
    level = result["compared"]["level"]
    period = next(one for one in names_in(formula.fixed) if PERIOD.search(one))
    on = f'{result["term"]} == "{level}"' if labelled else f"{result['term']} == {level}"
    made = [
        f"egen cluster_of = group({' '.join(result['randomised'])})",
        f"egen time_of = group({period})",
        f"egen first_of = min(cond({on}, time_of, .)), by(cluster_of)",
        f"generate exposure = cond({on}, time_of - first_of + 1, 0)",
    ]
    at = {LONG_TERM: levels[-1], AT_EXPOSURE: plan["exposure_period"]}.get(plan["estimand"])
    if at is not None:
        return made, f"lincom {at}.exposure, small"
    total = " + ".join(f"{one}.exposure" for one in levels)
    return made, f"lincom ({total}) / {len(levels)}, small"
