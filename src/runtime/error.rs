//! Statuses, their messages, and the error that carries one with its detail.
//!
//! A refused call must not allocate, so the detail is kept in a fixed buffer inside the error; longer text is cut at a
//! character boundary.

use core::fmt::{self, Write};

/// Why a call was refused. The numbers are those of the C API.
///
/// ```
/// use centra::{KMeans, Points, Status};
///
/// let points = Points::rows(&[1.0, 2.0], 2, 1)?;
/// let refused = KMeans::new(3).fit(&points).unwrap_err();
/// assert_eq!((refused.status(), refused.status() as i32), (Status::Shape, -2));
/// # Ok::<(), centra::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(i32)]
pub enum Status {
    /// A required argument is missing; in C, a pointer is null, or not aligned for its type.
    Null = -1,
    /// A size is zero, too large, inconsistent, or does not fit its buffer.
    Shape = -2,
    /// A NaN or an infinity in points, weights or centers.
    NonFinite = -3,
    /// Magnitudes so large that squared distances or weighted sums could overflow, or coordinates that differ so little that all
    /// squared distances underflow to 0.
    Range = -4,
    /// A weight is negative, or none is positive.
    Weights = -5,
    /// The workspace is too small or misaligned.
    Workspace = -6,
    /// An option has an invalid value.
    Option = -7,
    /// An output overlaps another argument (C API only).
    Alias = -8,
    /// A cluster became empty under [`Empty::Error`](crate::Empty::Error).
    Empty = -9,
    /// A label outside the range of the centers.
    Label = -10,
    /// The workspace could not be allocated.
    Memory = -11,
    /// A defect of this library, caught before it reached the caller.
    Internal = -12,
}

impl Status {
    /// The meaning of the status: the text of `centra_status_message`.
    ///
    /// ```
    /// assert_eq!(centra::Status::NonFinite.message(), "NaN or infinity in the input");
    /// ```
    #[must_use]
    pub fn message(self) -> &'static str {
        let with_nul = message(self as i32).to_bytes();
        // Every message below is ASCII, so this cannot fail.
        core::str::from_utf8(with_nul).unwrap_or_default()
    }
}

/// The text of a status of the C API, also of the non-negative ones.
pub(crate) fn message(status: i32) -> &'static core::ffi::CStr {
    match status {
        0 => c"ok",
        1 => c"stopped by the progress callback; the outputs are valid",
        -1 => c"a required pointer is null or not aligned for its type",
        -2 => c"a size is zero, too large or inconsistent",
        -3 => c"NaN or infinity in the input",
        -4 => c"magnitudes so large that squared distances or weighted sums could overflow, or so small that all distances are 0",
        -5 => c"a weight is negative, or none is positive",
        -6 => c"the workspace is too small or not aligned to 16 bytes",
        -7 => c"an option has an invalid value",
        -8 => c"an output overlaps another argument",
        -9 => c"a cluster became empty, which the option empty makes an error",
        -10 => c"a label is outside the range of the centers",
        -11 => c"out of memory",
        -12 => c"internal error: a defect of centra",
        _ => c"not a status of centra",
    }
}

const DETAIL_BYTES: usize = 200;

/// A refused call: its [`Status`] and a detail that names the argument and the place.
///
/// Every output of the refused call is as it was before.
///
/// ```
/// use centra::{KMeans, Points};
///
/// let points = Points::rows(&[1.0, 2.0, 3.0, f64::NAN], 2, 2)?;
/// let refused = KMeans::new(1).fit(&points).unwrap_err();
/// assert_eq!(refused.to_string(), "points: NaN at row 1, dimension 1 (NaN or infinity in the input)");
/// # Ok::<(), centra::Error>(())
/// ```
#[derive(Clone)]
pub struct Error {
    status: Status,
    length: usize,
    text: [u8; DETAIL_BYTES],
}

impl Error {
    pub(crate) fn new(status: Status, detail: fmt::Arguments<'_>) -> Self {
        let mut error = Error {
            status,
            length: 0,
            text: [0; DETAIL_BYTES],
        };
        // Writing fails only if the buffer is full; then the text is cut.
        let _ = error.write_fmt(detail);
        error
    }

    /// The status, as the C API would return it.
    ///
    /// ```
    /// use centra::{Points, Status};
    ///
    /// let refused = Points::rows(&[1.0], 2, 1).unwrap_err();
    /// assert_eq!(refused.status(), Status::Shape);
    /// ```
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// The detail, such as `points: NaN at row 1234, dimension 5`. Rows and dimensions count from 0.
    ///
    /// ```
    /// let refused = centra::Points::rows(&[1.0], 2, 1).unwrap_err();
    /// assert_eq!(refused.detail(), "points: 1 doubles are too few for n = 2, d = 1, ld = 1");
    /// ```
    #[must_use]
    pub fn detail(&self) -> &str {
        core::str::from_utf8(&self.text[..self.length]).unwrap_or_default()
    }
}

impl Write for Error {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut take = text.len().min(DETAIL_BYTES - self.length);
        while !text.is_char_boundary(take) {
            take -= 1;
        }
        self.text[self.length..self.length + take].copy_from_slice(&text.as_bytes()[..take]);
        self.length += take;
        if take == text.len() {
            Ok(())
        } else {
            Err(fmt::Error)
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.detail(), self.status.message())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("status", &self.status)
            .field("detail", &self.detail())
            .finish()
    }
}

impl std::error::Error for Error {}

/// A number in the text of an error: the fewest digits that identify it, with an exponent only where there would be many zeros.
pub(crate) struct Number(pub(crate) f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const FEW_ZEROS: core::ops::Range<f64> = 1e-4..1e16;
        match self.0 {
            x if x.is_nan() => f.write_str("NaN"),
            f64::INFINITY => f.write_str("infinity"),
            f64::NEG_INFINITY => f.write_str("-infinity"),
            x if x == 0.0 || FEW_ZEROS.contains(&x.abs()) => write!(f, "{x}"),
            x => write!(f, "{x:e}"),
        }
    }
}

/// `Err(Error)` with a formatted detail: `refuse!(Shape, "k is {k}, but n is {n}")`.
macro_rules! refuse {
    ($status:ident, $($detail:tt)+) => {
        Err($crate::runtime::error::Error::new($crate::runtime::error::Status::$status, format_args!($($detail)+)))
    };
}
pub(crate) use refuse;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_details_are_cut_at_a_character() {
        let long = "é".repeat(DETAIL_BYTES);
        let error = Error::new(Status::Internal, format_args!("x{long}"));
        assert_eq!(error.detail().len(), DETAIL_BYTES - 1);
        assert!(error.detail().ends_with('é'));
    }

    #[test]
    fn numbers_are_short() {
        for (x, text) in [
            (f64::NAN, "NaN"),
            (f64::INFINITY, "infinity"),
            (f64::NEG_INFINITY, "-infinity"),
            (0.0, "0"),
            (-0.0, "-0"),
            (-1.0, "-1"),
            (83.0, "83"),
            (0.1, "0.1"),
            (-0.0001, "-0.0001"),
            (9.999e-5, "9.999e-5"),
            (9007199254740993.0, "9007199254740992"),
            (1e16, "1e16"),
            (1e300, "1e300"),
            (f64::MAX, "1.7976931348623157e308"),
            (-5e-324, "-5e-324"),
        ] {
            assert_eq!(Number(x).to_string(), text);
        }
    }

    #[test]
    fn every_status_has_its_own_message() {
        let all: Vec<_> = (-12..=1).map(message).collect();
        for (i, a) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|b| a != b) && *a != message(99));
        }
    }
}
