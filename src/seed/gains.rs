//! What a candidate takes off the total of the masses: bounds in units of T, summed by lanes, and in units of masses (L45).

use crate::exact::binary64::{self, exponent};
use crate::exact::mass_unit::Unit;

/// The share of the largest weight below which sums of bounds leave a point out, because single precision would be too coarse for it.
/// Such points are added to what a candidate takes off at most (L45).
const LIGHT: f64 = 1e-30;

/// More than any point takes off, in units of T (L45): 2^30.
const MOST_OFF: f64 = (1u64 << 30) as f64;

/// What sums in single precision are off by, with all else that rounds relative to itself (L45).
const SUMMED: f64 = 1e-3;

/// More units than the masses of a point are off by, before and after, as they are counted (L45).
const COUNTED: f64 = 4.0;

/// Bounds for what a candidate takes off, in units of T times the largest weight.
#[derive(Clone, Copy, Default)]
pub(super) struct Bound {
    /// What it takes off the total at most, and at least.
    pub(super) most: i128,
    pub(super) least: i128,
}

impl Bound {
    /// Adds what a stretch's lanes sum up to.
    pub(super) fn add(&mut self, most: &[f32], least: &[f32]) {
        let sum = |lanes: &[f32]| lanes.iter().map(|&x| f64::from(x)).sum::<f64>();
        self.most += sum(most).ceil() as i128;
        self.least += sum(least).floor() as i128;
    }

    #[cfg(test)]
    pub(super) fn both(&self) -> [f64; 2] {
        [self.most as f64, self.least as f64]
    }
}

/// What a point's part in sums of bounds is multiplied by: its share of the largest weight, or a little more (L45).
pub(super) fn factor(weight: f64, heaviest: f64) -> f32 {
    const UP: f64 = 1.0 + 1e-6;
    let share = weight / heaviest * UP;
    if share < LIGHT {
        0.0
    } else {
        share as f32
    }
}

/// Bounds in units of masses (L45).
pub(super) struct InUnits {
    per_bound: f64,
    passed_over: f64,
    slack: f64,
}

impl InUnits {
    /// Of n points, of the same weight or not.
    pub(super) fn new(n: usize, weighted: bool, unit: Unit, heaviest: f64, scale: f64) -> Self {
        InUnits {
            per_bound: per_bound(unit, heaviest, scale),
            passed_over: if weighted {
                n as f64 * LIGHT * MOST_OFF
            } else {
                0.0
            },
            slack: COUNTED * n as f64,
        }
    }

    /// No fewer units than a candidate takes off.
    pub(super) fn most(&self, bound: &Bound) -> f64 {
        (bound.most as f64 + self.passed_over) * self.per_bound * (1.0 + SUMMED) + self.slack
    }

    /// No more than it does.
    pub(super) fn least(&self, bound: &Bound) -> f64 {
        bound.least as f64 * self.per_bound * (1.0 - SUMMED) - self.slack
    }
}

/// How many units one of T is, times the heaviest weight: 2 heaviest / scale² / unit. None of these need be near one, so their
/// exponents are apart; beyond 2^1000 the bounds say nothing, and below 2^-1000 all of them together are less than a unit.
fn per_bound(unit: Unit, heaviest: f64, scale: f64) -> f64 {
    let fraction = |x: f64| binary64::scale(x, -exponent(x));
    let power = exponent(heaviest) - 2 * exponent(scale) - unit.exponent() + 1;
    let fractions = fraction(heaviest) / (fraction(scale) * fraction(scale));
    binary64::scale(fractions, power.clamp(-1000, 1000))
}
