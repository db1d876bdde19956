"""`refocus analyse`: the exact mixed model on a user's own data."""

from __future__ import annotations

import argparse

from sim.commands.allowed_options import declare

FORMATS = ("text", "json")
EXAMPLES = """\
examples:
  refocus analyse data.csv --model 'fu ~ arm + base + factor(site) + (1|cluster)' --term arm
  refocus analyse data.csv --model 'y ~ trt + factor(period) + (1|cluster) + (1|cluster:period)' \\
    --term trt --format json
  refocus analyse data.csv --model '`QPR total` ~ arm + (1|team)' --term arm \\
    --reference TAU --missing -99
  refocus analyse data.csv --model 'fu ~ arm + base + (1|cluster)' --term arm \\
    --participation attended --impute 50
  refocus analyse data.csv --model 'y ~ arm + factor(pair) + (1|cluster)' --term arm --pairs pair
  refocus analyse data.csv --model 'y ~ month * arm + (1|team) + (month|person)' --term month:arm
  refocus analyse data.csv --model 'y ~ wave * arm + (1|team) + ar1(wave|team:person)' \
    --term wave:arm
  refocus analyse data.csv --model 'y ~ arm + site + base + (1|team)' --term arm --reference usual
  refocus analyse data.csv --model 'y ~ arm + site + (1|team)' --term arm \
    --contrast 'armfull - armlight' --contrast 'sitenorth - 0.5*sitewest'
  refocus analyse data.csv --model 'y ~ arm + (1|team)' --term arm --residual-by arm
  refocus analyse data.csv --model 'y ~ arm + (1|team)' --term arm --interval profile
  refocus analyse data.csv --design my-trial.toml
  refocus analyse data.csv --model 'admissions ~ arm + prior + offset(log(months)) + (1|team)' \
    --term arm --family poisson
  refocus analyse data.csv --family binomial --term trt --spline 2 \\
    --model 'seen ~ trt + factor(period) + (1|team) + (1|team:period)'
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "analyse",
        help="fit the exact mixed model to a table",
        description="Fit a linear mixed model by REML to a table and test one term: CSV, a "
        "workbook, Stata, SPSS or Parquet. A field "
        "that is empty, NA or NaN is missing, and so is its row if the model uses the column. A "
        "column of numbers is a number unless the formula says factor(column); a name with blanks "
        "stands in backticks.",
        epilog=EXAMPLES,
    )
    parser.add_argument(
        "data", metavar="FILE", help="data with a line of headings (.csv .xlsx .dta .sav .parquet)"
    )
    parser.add_argument("--sheet", metavar="NAME", help="sheet of a workbook")
    parser.add_argument("--model", metavar="FORMULA", help="in lme4's notation")
    parser.add_argument(
        "--term", help="the term to test; one with several coefficients is tested as a whole"
    )
    parser.add_argument(
        "--design",
        metavar="DESIGN",
        help="instead of a model: the design file of the trial, whose planned analysis is done",
    )
    parser.add_argument(
        "--reference",
        action="append",
        default=[],
        metavar="[COLUMN=]LABEL",
        help="label the others are compared with, by default one that means control, else the "
        "first; of the tested factor, or of any; may be repeated",
    )
    parser.add_argument(
        "--missing",
        action="append",
        default=[],
        metavar="[COLUMN=]CODE",
        help="a value that stands for missing, as -99; may be repeated",
    )
    parser.add_argument(
        "--participation",
        metavar="COLUMN",
        help="how far clusters took part: complier-average effect beside as-treated contrasts",
    )
    parser.add_argument(
        "--pairs",
        metavar="COLUMN",
        help="pairs of clusters, one of each arm; without it, factors of clusters in the model are "
        "taken for strata",
    )
    parser.add_argument(
        "--strata",
        metavar="COLUMN[,COLUMN]",
        help="strata within which clusters were randomised",
    )
    parser.add_argument(
        "--weights",
        metavar="COLUMN",
        help="weights of rows: each row's residual variance is divided by its own, as where a row "
        "is a mean of so many people",
    )
    parser.add_argument(
        "--residual-by",
        metavar="COLUMN",
        help="labels with a residual variance each, such as the arm",
    )
    parser.add_argument(
        "--family",
        metavar="binomial|poisson",
        help="of a 0/1 outcome or a count: marginal model with errors for few clusters, mixed "
        "model, and risks or rates with everybody in each arm; (1|team:period) or "
        "decay(period|team) in the model say how correlation falls, offset(log(COLUMN)) is "
        "people's time",
    )
    parser.add_argument(
        "--quadrature",
        metavar="N",
        help="points of the mixed model with --family; 1 is Laplace's approximation (default 9; "
        "with two random intercepts 1)",
    )
    parser.add_argument(
        "--independent",
        action="store_true",
        help="with --family: the marginal model counts every participant the same (independence)",
    )
    parser.add_argument(
        "--impute",
        default="0",
        metavar="N",
        help="impute missing outcomes, and columns that stand in the formula by themselves, within "
        "clusters N times",
    )
    parser.add_argument(
        "--interval",
        default="t",
        metavar="t|profile",
        help="profile adds profile-likelihood intervals of all coefficients and the "
        "likelihood-ratio test of the term, by maximum likelihood, as confint and anova of lme4",
    )
    parser.add_argument(
        "--contrast",
        action="append",
        default=[],
        metavar="SUM",
        help="a sum of coefficients by their names, as 'armfull - 0.5*armlight', tested beside the "
        "term or the plan of --design; several are tested together, too",
    )
    parser.add_argument(
        "--spline",
        metavar="COLUMNS",
        help="the effect grows with exposure along a natural cubic spline of so many columns "
        "(1 is a straight line), where clusters begin in different periods and stay treated",
    )
    parser.add_argument(
        "--code",
        metavar="R|Stata",
        help="print a script that gives the same numbers instead (Stata's has not been run)",
    )
    parser.add_argument(
        "--curve",
        metavar="FILE.svg",
        help="also write the effect by period of exposure, with its band, as a picture",
    )
    parser.add_argument("--format", default="text", metavar="text|json", help="of the output")
    # What the plan says is not said again: an option beside it would be another plan.
    declare(
        parser,
        alone_with={
            "design": ("data", "sheet", "format", "code", "curve", "interval", "contrast"),
            "family": (
                *("data", "sheet", "model", "term"),
                *("reference", "missing", "format", "quadrature", "independent", "impute", "code"),
                *("curve", "contrast", "spline"),
            ),
        },
        only_with={"quadrature": ("family", None), "independent": ("family", None)},
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Analyse and print."""
    from pathlib import Path

    from sim.api.analyse import analyse
    from sim.errors import InputError, unknown
    from sim.files import write_texts

    if options.format not in FORMATS:
        raise unknown("format", options.format, FORMATS)
    if options.curve is not None and not options.curve.endswith(".svg"):
        raise InputError(f"curve = '{options.curve}': must end in .svg")
    if options.code is not None:
        from sim.trials.analyses.r_code import LANGUAGES

        if options.code not in LANGUAGES:
            raise unknown("code", options.code, LANGUAGES)
        # What is printed is the code, and nothing is drawn.
        for name, given in (("curve", options.curve), ("format", options.format != "text")):
            if given:
                raise InputError(f"--{name}: has no meaning with --code; leave it out")
    answer = analyse(
        options.data,
        options.model,
        options.term,
        reference=options.reference,
        missing=options.missing,
        participation=options.participation,
        impute=options.impute,
        strata=options.strata if options.strata is not None else (),
        pairs=options.pairs,
        weights=options.weights,
        residual_by=options.residual_by,
        design=options.design,
        family=options.family,
        quadrature=options.quadrature,
        independent=options.independent,
        interval=options.interval,
        contrast=options.contrast,
        spline=options.spline,
        sheet=options.sheet,
    )
    if options.code is not None:
        print(answer.code(options.code), end="")
        return 0
    if options.curve is not None:
        path = Path(options.curve)
        write_texts(path.parent, {path.name: answer.curve()})
    print(answer.printed(options.format), end="")
    return 0
