//! Exact arithmetic: the squared distance D as it is defined, sums that are rounded once, and the range checks that both rely on.
//!
//! | file | what is in it |
//! |---|---|
//! | `distance` | D of a point and a center, and of points and the centers of their labels |
//! | `side_by_side` | D of one point and many centers |
//! | `binary64` | doubles by their bits: exponents, units |
//! | `range` | the powers of two between which numbers are |
//! | `observed`, `range_check` | what coordinates and weights were seen, and the refusal of those that are not finite or out of range |
//! | `spread` | the refusal of points so far from each other that D overflows |
//! | `declared_range` | the range that a caller declared for a stream, and the check that chunks keep to it |
//! | `limbs` | sums for means: terms cut into limbs that fit the range, added without rounding |
//! | `wide`, `quotient`, `short_quotient` | the sum of limbs, divided by the weight and rounded once |
//! | `accumulator`, `inertia`, `clusters` | exact sums of any doubles, of D times weights, and those of each cluster |
//! | `mass_unit` | the unit that masses of points are counted in when centers are drawn |

pub(crate) mod accumulator;
pub(crate) mod binary64;
pub(crate) mod clusters;
pub(crate) mod declared_range;
pub(crate) mod distance;
pub(crate) mod inertia;
pub(crate) mod limbs;
pub(crate) mod mass_unit;
pub(crate) mod observed;
pub(crate) mod quotient;
pub(crate) mod range;
pub(crate) mod range_check;
#[cfg(test)]
pub(crate) mod rational;
#[cfg(test)]
#[path = "../../tests/reference/exact.rs"]
mod reference;
mod short_quotient;
pub(crate) mod side_by_side;
pub(crate) mod spread;
mod wide;
