"""Logarithm, exponential and error function from arithmetic alone.

The rules use these instead of the mathematical library of the machine. Libraries differ in the last
digit between operating systems, processors and languages; additions, multiplications, divisions and
square roots do not (IEEE 754 fixes their result). So every engine gives the same bits everywhere.

Polynomials and constants are those of fdlibm ("Copyright (C) 1993 by Sun Microsystems, Inc. All
rights reserved. Developed at SunPro, a Sun Microsystems, Inc. business. Permission to use, copy,
modify, and distribute this software is freely granted, provided that this notice is preserved.").
Where fdlibm reads or writes the bits of a number, these functions multiply by powers of two, which
is exact. They keep to what rules may use, so they compile unchanged and can be translated.
"""

from __future__ import annotations

LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
INVERSE_LN2 = 1.44269504088896338700
SQRT_HALF = 0.7071067811865476
TWO_TO_64 = 18446744073709551616.0
TWO_TO_MINUS_64 = 5.421010862427522e-20
INFINITY = float("inf")
# exp() of more is infinite, of less is zero, in double precision.
EXP_HIGHEST = 709.782712893383973096
EXP_LOWEST = -745.13321910194110842


def ln(x: float) -> float:
    """Return the natural logarithm of a positive, finite number (error below one last digit).

    Notes
    -----
    x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)); ln(1 + f) by a polynomial of degree 14 in
    s = f / (2 + f), relative error below 2^-58.
    """
    k = 0.0
    while x >= 1.0:
        x *= TWO_TO_MINUS_64
        k += 64.0
    while x < TWO_TO_MINUS_64:
        x *= TWO_TO_64
        k -= 64.0
    return ln_below_one(x, k)


def ln_below_one(x: float, k: float) -> float:
    """Return ln(2^k x) for x in [2^-64, 1), without a loop."""
    if x < 2.3283064365386963e-10:  # 2^-32
        x *= 4294967296.0
        k -= 32.0
    if x < 1.52587890625e-05:  # 2^-16
        x *= 65536.0
        k -= 16.0
    if x < 0.00390625:
        x *= 256.0
        k -= 8.0
    if x < 0.0625:
        x *= 16.0
        k -= 4.0
    if x < 0.25:
        x *= 4.0
        k -= 2.0
    if x < 0.5:
        x *= 2.0
        k -= 1.0
    if x < SQRT_HALF:
        x *= 2.0
        k -= 1.0
    f = x - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    even = w * (
        3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01)
    )
    odd = z * (
        6.666666666666735130e-01
        + w
        * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01))
    )
    half_square = 0.5 * f * f
    return k * LN2_HIGH - ((half_square - (s * (half_square + (odd + even)) + k * LN2_LOW)) - f)


def times_power_of_two(value: float, power: int) -> float:
    """Return ``value * 2**power``, rounded once."""
    factor = 1.0
    base = 2.0
    left = power
    if power < 0:
        base = 0.5
        left = -power
    while left >= 512:
        # 1 <= |value| < 2: this product is exact.
        value *= 1.3407807929942597e154 if power > 0 else 7.458340731200207e-155  # 2^512, 2^-512
        left -= 512
    while left > 0:
        if left & 1 == 1:
            factor *= base
        base *= base
        left >>= 1
    return value * factor


def exp(x: float) -> float:
    """Return e to the power of a finite number (error below one last digit).

    Notes
    -----
    x = k ln 2 + r with |r| <= ln(2) / 2; exp(r) by fdlibm's rational function of r, relative error
    below 2^-59; times 2^k.
    """
    if x > EXP_HIGHEST:
        return INFINITY
    if x < EXP_LOWEST:
        return 0.0
    k = int(INVERSE_LN2 * x + 0.5) if x >= 0.0 else -int(0.5 - INVERSE_LN2 * x)
    high = x - k * LN2_HIGH
    low = k * LN2_LOW
    r = high - low
    t = r * r
    c = r - t * (
        1.66666666666666019037e-01
        + t
        * (
            -2.77777777770155933842e-03
            + t
            * (
                6.61375632143793436117e-05
                + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08)
            )
        )
    )
    return times_power_of_two(1.0 - ((low - (r * c) / (2.0 - c)) - high), k)


def erf(x: float) -> float:
    """Return the error function of a finite number (error below one last digit).

    Notes
    -----
    fdlibm's rational functions on [0, 0.84375), [0.84375, 1.25), [1.25, 1/0.35), [1/0.35, 6);
    from 6 it is 1 to double precision. An odd function.
    """
    a = x if x >= 0.0 else -x
    if a < 0.84375:
        z = x * x
        r = -5.77027029648944159157e-03 + z * -2.37630166566501626084e-05
        r = -2.84817495755985104766e-02 + z * r
        r = -3.25042107247001499370e-01 + z * r
        r = 1.28379167095512558561e-01 + z * r
        s = 1.32494738004321644526e-04 + z * -3.96022827877536812320e-06
        s = 5.08130628187576562776e-03 + z * s
        s = 6.50222499887672944485e-02 + z * s
        s = 3.97917223959155352819e-01 + z * s
        s = 1.0 + z * s
        return x + x * (r / s)
    if a < 1.25:
        s = a - 1.0
        top = 3.54783043256182359371e-02 + s * -2.16637559486879084300e-03
        top = -1.10894694282396677476e-01 + s * top
        top = 3.18346619901161753674e-01 + s * top
        top = -3.72207876035701323847e-01 + s * top
        top = 4.14856118683748331666e-01 + s * top
        top = -2.36211856075265944077e-03 + s * top
        bottom = 1.36370839120290507362e-02 + s * 1.19844998467991074170e-02
        bottom = 1.26171219808761642112e-01 + s * bottom
        bottom = 7.18286544141962662868e-02 + s * bottom
        bottom = 5.40397917702171048937e-01 + s * bottom
        bottom = 1.06420880400844228286e-01 + s * bottom
        bottom = 1.0 + s * bottom
        value = 8.45062911510467529297e-01 + top / bottom
        return value if x >= 0.0 else -value
    if a >= 6.0:
        return 1.0 if x >= 0.0 else -1.0
    s = 1.0 / (a * a)
    if a < 2.857142857142857:
        top = -8.12874355063065934246e01 + s * -9.81432934416914548592e00
        top = -1.84605092906711035994e02 + s * top
        top = -1.62396669462573470355e02 + s * top
        top = -6.23753324503260060396e01 + s * top
        top = -1.05586262253232909814e01 + s * top
        top = -6.93858572707181764372e-01 + s * top
        top = -9.86494403484714822705e-03 + s * top
        bottom = 6.57024977031928170135e00 + s * -6.04244152148580987438e-02
        bottom = 1.08635005541779435134e02 + s * bottom
        bottom = 4.29008140027567833386e02 + s * bottom
        bottom = 6.45387271733267880336e02 + s * bottom
        bottom = 4.34565877475229228821e02 + s * bottom
        bottom = 1.37657754143519042600e02 + s * bottom
        bottom = 1.96512716674392571292e01 + s * bottom
        bottom = 1.0 + s * bottom
    else:
        top = -1.02509513161107724954e03 + s * -4.83519191608651397019e02
        top = -6.37566443368389627722e02 + s * top
        top = -1.60636384855821916062e02 + s * top
        top = -1.77579549177547519889e01 + s * top
        top = -7.99283237680523006574e-01 + s * top
        top = -9.86494292470009928597e-03 + s * top
        bottom = 4.74528541206955367215e02 + s * -2.24409524465858183362e01
        bottom = 2.55305040643316442583e03 + s * bottom
        bottom = 3.19985821950859553908e03 + s * bottom
        bottom = 1.53672958608443695994e03 + s * bottom
        bottom = 3.25792512996573918826e02 + s * bottom
        bottom = 3.03380607434824582924e01 + s * bottom
        bottom = 1.0 + s * bottom
    # The upper half of the digits of a, so that its square is exact.
    scaled = a * 134217729.0
    upper = scaled - (scaled - a)
    tail = exp(-upper * upper - 0.5625) * exp((upper - a) * (upper + a) + top / bottom) / a
    return 1.0 - tail if x >= 0.0 else tail - 1.0
