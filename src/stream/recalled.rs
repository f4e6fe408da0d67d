//! The range of a stream as the bounds that chunks are tested against.

use super::range::Coded;
use super::whole::Stream;
use crate::exact::binary64::{exponent, scale};
use crate::exact::declared_range::{Bounds, DeclaredRange};
use crate::exact::range::Ranges;
use crate::runtime::error::Error;
use crate::runtime::workspace::Cut;

/// The range of a stream, in arrays with an element for each dimension; see [`DeclaredRange`].
pub(super) struct Recalled<'w> {
    magnitudes: &'w mut [f64],
    limits: &'w mut [f64],
    units: &'w mut [f64],
    reciprocals: &'w mut [f64],
}

/// The exponent of the least unit that has a reciprocal. Coordinates with lower bits fail the quick test, and are tested by their bits.
const FINEST: i32 = -1023;

impl<'w> Recalled<'w> {
    pub(super) fn cut(from: &mut impl Cut<'w>, d: usize) -> Self {
        Recalled {
            magnitudes: from.take(d),
            limits: from.take(d),
            units: from.take(d),
            reciprocals: from.take(d),
        }
    }

    pub(super) fn fill(
        &mut self,
        stream: &Stream<'_>,
        ranges: &mut Ranges<'_>,
    ) -> Result<(), Error> {
        for i in 0..stream.d {
            let Coded { magnitude, terms } = stream.coded(i)?;
            ranges.set(i, terms);
            self.magnitudes[i] = magnitude;
            (self.limits[i], self.units[i], self.reciprocals[i]) = match terms.top {
                0.0 => (0.0, 0.0, 0.0),
                top => {
                    let unit = exponent(terms.low).max(FINEST);
                    let limit = magnitude.min((2.0 * top).next_down());
                    (limit, scale(1.0, unit), scale(1.0, -unit))
                }
            };
        }
        ranges.weights = match stream.weighted() {
            true => Some(stream.coded(stream.d)?.terms),
            false => None,
        };
        Ok(())
    }

    pub(super) fn declared_range<'a>(&'a self, ranges: &'a Ranges<'a>) -> DeclaredRange<'a> {
        DeclaredRange {
            magnitudes: self.magnitudes,
            bounds: Bounds {
                limits: self.limits,
                units: self.units,
                reciprocals: self.reciprocals,
            },
            ranges,
        }
    }
}
