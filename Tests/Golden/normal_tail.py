#!/usr/bin/env python3
"""Prints the coefficients of gelu.h: of the polynomial P for which t P(t), t = 1 / (1 + 0.26 a), is nearest to
e^(a^2 / 2) Q(a) on 0 <= a <= 12.5, Q being the upper tail of the normal distribution, by its largest relative error.

The form is Hastings' (Approximations for Digital Computers, 1955; Abramowitz and Stegun 26.2.17) with nine
coefficients; they are found by Lawson's algorithm, least squares whose weights follow the error. Needs numpy and
scipy.
"""

import numpy as np
from numpy.polynomial import chebyshev, polynomial
from scipy.special import erfcx

SCALE, LARGEST, DEGREE, NODES = 0.26, 12.5, 8, 3000

smallest = 1 / (1 + SCALE * LARGEST)
middle, half = (1 + smallest) / 2, (1 - smallest) / 2
z = np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)
t = middle + half * z
target = erfcx((1 / t - 1) / SCALE / np.sqrt(2)) / 2 / t
weights = np.ones(NODES)
for _ in range(400):
    scale = np.sqrt(weights) / target
    fit = np.linalg.lstsq(chebyshev.chebvander(z, DEGREE) * scale[:, None], target * scale, rcond=None)[0]
    error = np.abs(chebyshev.chebval(z, fit) / target - 1)
    weights *= error
    weights /= weights.sum()

powers, total = np.array([1.0]), np.array([0.0])
for coefficient in chebyshev.cheb2poly(fit):
    total = polynomial.polyadd(total, coefficient * powers)
    powers = polynomial.polymul(powers, [-middle / half, 1 / half])
for coefficient in total[::-1]:
    print(float(np.float32(coefficient)).hex())
print(f"largest relative error {error.max():.2g}")
