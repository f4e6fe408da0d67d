//! Exact arithmetic: the squared distance D as it is defined, sums that are rounded once, and the range checks that both rely on.

pub(crate) mod accumulator;
pub(crate) mod binary64;
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
pub(crate) mod spread;
mod wide;
