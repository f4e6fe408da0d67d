//! Coordinates as small integers: how they are coded, for assignment and for seeding alike.
//!
//! | file | what it does |
//! |---|---|
//! | `int8` | four coordinates in 32 bits |
//! | `int16` | rows of 16-bit coordinates, and for which points they are kept |
//! | `sample` | the origin and the scale of the coding, from a sample of the points |
//! | `grid` | data that are coded without rounding |

mod grid;
pub(crate) mod int16;
pub(crate) mod int8;
pub(crate) mod sample;

pub(crate) use grid::Grid;

/// Added to a number below 2^51 in magnitude, it leaves the nearest whole number in the low bits of the sum; subtracted again, it
/// leaves that whole number as a double. Ties are rounded to even.
pub(crate) const TO_WHOLE: f64 = (3u64 << 51) as f64;

/// A number below 2^51 in magnitude, rounded to a whole one. (`round_ties_even` is a library call where the CPU may be any.)
#[inline(always)]
pub(crate) fn whole(x: f64) -> f64 {
    (x + TO_WHOLE) - TO_WHOLE
}

/// Whether vectors of such a length or range are coded: where it is between 2^-300 and 2^300 (L4, L5).
fn in_range(length: f64) -> bool {
    const MOST: f64 = f64::from_bits((1023 + 300) << 52);
    (1.0 / MOST..MOST).contains(&length)
}
