//! How the partial sums of D are joined.

/// The last lines of the definition: the sum of the eight partial sums.
#[inline(always)]
pub(crate) fn fold(s: &[f64; 8]) -> f64 {
    let a = [s[0] + s[4], s[1] + s[5], s[2] + s[6], s[3] + s[7]];
    let b = [a[0] + a[2], a[1] + a[3]];
    b[0] + b[1]
}
