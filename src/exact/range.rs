//! Ranges of numbers: the largest magnitude and the lowest bit, which tell how many limbs hold them exactly.

use crate::runtime::workspace::Cut;

/// For each dimension, the range of the coordinates that are summed: those of points of positive weight.
pub(crate) struct Ranges<'w> {
    pub(super) top: &'w mut [f64],
    pub(super) low: &'w mut [f64],
    /// The range of the weights, which are summed too.
    pub(crate) weights: Option<Range>,
}

/// The range of a set of numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    /// The largest magnitude.
    pub(crate) top: f64,
    /// The value of the lowest bit set in any of them; +infinity when all are zero.
    pub(crate) low: f64,
}

impl<'w> Ranges<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, d: usize) -> Self {
        Ranges {
            top: from.take(d),
            low: from.take(d),
            weights: None,
        }
    }

    /// Sets the range of dimension `i`.
    pub(crate) fn set(&mut self, i: usize, range: Range) {
        (self.top[i], self.low[i]) = (range.top, range.low);
    }

    /// The range of dimension `i`.
    pub(crate) fn of(&self, i: usize) -> Range {
        Range {
            top: self.top[i],
            low: self.low[i],
        }
    }
}

impl Range {
    /// Whether the binary range covers numbers whose largest magnitude is `top` and whose lowest bit is `low`: all below twice the
    /// power of two that is its own top.
    pub(crate) fn covers(self, top: f64, low: f64) -> bool {
        top == 0.0 || top < 2.0 * self.top && low >= self.low
    }
}

/// The value of the lowest set bit of a positive double.
pub(crate) fn lowest_bit(x: f64) -> f64 {
    let bits = x.to_bits();
    match bits & ((1 << 52) - 1) {
        0 => x,
        _ => x - f64::from_bits(bits & (bits - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowest_bits() {
        for (x, low) in [
            (1.0, 1.0),
            (1.5, 0.5),
            (3.0, 1.0),
            (5e-324, 5e-324),
            (1e-323, 1e-323),
            (f64::MAX, 2f64.powi(971)),
        ] {
            assert_eq!(lowest_bit(x), low);
        }
        assert_eq!(lowest_bit(0.1), 2f64.powi(-55));
    }
}
