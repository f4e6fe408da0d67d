//! What is exact: the squared distance D as it is defined, sums without a rounding, and the checks of ranges that let both be so.

pub(crate) mod accumulator;
pub(crate) mod declared_range;
pub(crate) mod distance;
pub(crate) mod inertia;
pub(crate) mod limbs;
pub(crate) mod quotient;
pub(crate) mod range_check;
#[cfg(test)]
pub(crate) mod rational;
#[cfg(test)]
#[path = "../../tests/reference/exact.rs"]
mod reference;
