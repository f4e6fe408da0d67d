//! Ranges of points as integers, which are reduced by maximum.

use crate::api::{check_length, check_weights, with_memory, Memory};
use crate::call::{Options, Shape};
use crate::exact::binary64::{exponent, scale};
use crate::exact::observed::{observe, storage};
use crate::exact::range::Range;
use crate::exact::range_check::{locate_nonfinite, magnitude, upper, weights};
use crate::points::{Form, Points};
use crate::runtime::error::{refuse, Error};
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::{Cut, Workspace};

/// The number of elements of a range.
///
/// ```
/// assert_eq!(centra::streams::range_length(5)?, 18);
/// # Ok::<(), centra::Error>(())
/// ```
pub fn range_length(d: usize) -> Result<usize, Error> {
    match d.checked_add(1).and_then(|dims| dims.checked_mul(3)) {
        Some(length) if d > 0 && length <= isize::MAX as usize / 4 => Ok(length),
        Some(_) if d == 0 => refuse!(Shape, "d = 0: it must be positive"),
        _ => refuse!(Shape, "d = {d}: a range does not fit the address space"),
    }
}

/// The range of one dimension.
#[derive(Clone, Copy)]
pub(super) struct Coded {
    /// The largest magnitude of a coordinate, rounded up.
    pub(super) magnitude: f64,
    /// The range of the coordinates of points of positive weight, powers of two.
    pub(super) terms: Range,
}

const TOP: i32 = 1075;
const LOW: i32 = 1024;

/// The code of a magnitude and a range; zeros, if all coordinates are zero.
fn encode(magnitude: f64, terms: Range) -> [i32; 3] {
    let (top, low) = match terms.top {
        0.0 => (0, 0),
        top => (TOP + exponent(top), LOW - exponent(terms.low)),
    };
    [upper(magnitude), top, low]
}

/// The least E with all coordinates of dimension `i` below 2^E (for d, all weights), without points of weight zero; 0, if all are zero.
pub(super) fn above(range: &[i32], i: usize) -> i32 {
    match range[3 * i + 1] {
        0 => 0,
        top => top - TOP + 1,
    }
}

/// The range of dimension `i`; refused, if its code is invalid.
pub(super) fn decode(range: &[i32], i: usize) -> Result<Coded, Error> {
    let [upper, top, low] = [0, 1, 2].map(|part| range[3 * i + part]);
    // The exponents of doubles go from -1074 to 1023.
    let finite = (0..=0x7ff0_0000).contains(&upper);
    let none = top == 0 && low == 0;
    let some = (1..=TOP + 1023).contains(&top)
        && (1..=LOW + 1074).contains(&low)
        && top - TOP >= LOW - low;
    if !finite || !(none || some) {
        return unlikely(range, i);
    }
    let power = |exponent: i32| scale(1.0, exponent);
    Ok(Coded {
        magnitude: magnitude(upper),
        terms: match none {
            true => Range {
                top: 0.0,
                low: f64::INFINITY,
            },
            false => Range {
                top: power(top - TOP),
                low: power(LOW - low),
            },
        },
    })
}

/// Refuses a range that cannot be the reduced range of any points.
pub(super) fn check(range: &[i32]) -> Result<(), Error> {
    let d = range.len() / 3 - 1;
    let weighted = decode(range, d)?.terms.top > 0.0;
    for i in 0..=d {
        let Coded { magnitude, terms } = decode(range, i)?;
        let possible = match (terms.top, i < d && weighted) {
            // All points have weight zero.
            (0.0, _) => i < d || magnitude == 0.0,
            // The terms are coordinates of some of the points.
            (top, true) => upper(top) <= range[3 * i],
            // The terms are all coordinates, so both codes stand for the same magnitude.
            (top, false) => {
                let codes = upper(top)..=upper((2.0 * top).next_down());
                codes.contains(&range[3 * i])
            }
        };
        if !possible {
            return unlikely(range, i);
        }
    }
    Ok(())
}

#[cold]
fn unlikely<T>(range: &[i32], i: usize) -> Result<T, Error> {
    let [upper, top, low] = [0, 1, 2].map(|part| range[3 * i + part]);
    refuse!(
        Range,
        "range: {upper}, {top}, {low} from index {} on cannot come from any numbers",
        3 * i
    )
}

pub(super) fn shape(n: usize, d: usize, form: Form, options: &Options<'_>) -> Shape {
    Shape::of_update(n, d, 1, form, options.threads)
}

/// The memory of a call that widens a range: storage of the range check.
pub(super) struct RangeMemory;

impl Memory for RangeMemory {
    type Parts<'w> = PerThread<&'w mut [f64]>;

    fn cut<'w>(&self, from: &mut impl Cut<'w>, shape: &Shape, threads: usize) -> Self::Parts<'w> {
        PerThread::new(threads, || storage(from, shape.d))
    }
}

/// Widens a range by a chunk.
pub(crate) fn range(
    points: &Points<'_>,
    options: &Options<'_>,
    range: &mut [i32],
    workspace: Workspace<'_>,
) -> Result<(), Error> {
    let (n, d, form) = (points.n(), points.d(), points.form());
    check_length("range", range.len(), range_length(d)?, "3 (d + 1)")?;
    check(range)?;
    options.check()?;
    check_weights(points, options)?;
    let terms = range[..3 * d].chunks_exact(3).any(|code| code[1] != 0);
    match (options.weights, range[3 * d + 1]) {
        (Some(_), 0) if terms => {
            return refuse!(
                Weights,
                "weights: given, but the range is of points without weights"
            );
        }
        (None, top) if top != 0 => {
            return refuse!(
                Weights,
                "weights: none, but the range is of points with weights"
            );
        }
        _ => {}
    }
    let shape = shape(n, d, form, options);
    with_memory(
        points,
        options.weights,
        options,
        &shape,
        &RangeMemory,
        workspace,
        |job, mut storage| {
            let heavy = options.weights.map(weights).transpose()?;
            let observed = observe(job, 0..d, &mut storage);
            if observed.not_finite.iter().any(|&x| x != 0.0) {
                return Err(locate_nonfinite(points));
            }
            let mut widen = |i: usize, magnitude: f64, terms: Range| {
                for (part, code) in encode(magnitude, terms).into_iter().enumerate() {
                    range[3 * i + part] = range[3 * i + part].max(code);
                }
            };
            for i in 0..d {
                let magnitude = observed.magnitude[i];
                let top = heavy.map_or(magnitude, |_| observed.top[i]);
                let low = observed.low[i];
                widen(i, magnitude, Range { top, low });
            }
            if let Some(terms) = heavy {
                widen(d, terms.top, terms);
            }
            Ok(())
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_hold_what_they_are_made_of() {
        for (x, low) in [
            (1.0, 1.0),
            (5e-324, 5e-324),
            (1.0e300, 2f64.powi(900)),
            (0.1, 2f64.powi(-55)),
            (f64::MAX, 2f64.powi(971)),
            (0.0, f64::INFINITY),
        ] {
            let coded = decode(&encode(x, Range { top: x, low }), 0).unwrap();
            assert!(coded.magnitude >= x && coded.magnitude <= x * (1.0 + 1e-6) + 1e-300);
            assert!(x == 0.0 || coded.terms.top <= x && x < 2.0 * coded.terms.top);
            assert_eq!(coded.terms.low, low);
        }
        for bad in [[0, 1, 0], [-1, 0, 0], [0, 5, 1], [0, 3000, 3000]] {
            assert!(decode(&bad, 0).is_err(), "{bad:?}");
        }
    }
}
