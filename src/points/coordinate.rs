//! The types that coordinates may have in the memory of the caller. Every number is widened to binary64, which is exact; all else is
//! done with the widened numbers.

use crate::simd::Lanes;

/// The type of the coordinates of points: `f64`, `f32` or `u8`.
///
/// Points are read in place, and each coordinate is widened to `f64`, which is exact: the results are those of the same numbers as
/// `f64`, bit for bit. Centers, distances and inertia are `f64` always.
///
/// ```
/// use centra::{KMeans, Points};
///
/// let (doubles, floats, bytes) = ([0.0, 4.0, 5.0, 9.0], [0.0f32, 4.0, 5.0, 9.0], [0u8, 4, 5, 9]);
/// let kmeans = KMeans::new(2).seed(3);
/// let wanted = kmeans.fit(&Points::rows(&doubles, 4, 1)?)?;
/// assert_eq!(kmeans.fit(&Points::rows(&floats, 4, 1)?)?.centers, wanted.centers);
/// assert_eq!(kmeans.fit(&Points::rows(&bytes, 4, 1)?)?.centers, wanted.centers);
/// # Ok::<(), centra::Error>(())
/// ```
#[allow(private_bounds)] // No type of another crate can be a coordinate.
pub trait Coordinate: Widen {}

impl Coordinate for f64 {}
impl Coordinate for f32 {}
impl Coordinate for u8 {}

/// The type of the coordinates of some points, which is known when the program runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CoordinateType {
    #[default]
    F64,
    F32,
    U8,
}

impl CoordinateType {
    /// Bytes of a coordinate.
    #[inline(always)]
    pub(crate) const fn bytes(self) -> usize {
        match self {
            CoordinateType::F64 => size_of::<f64>(),
            CoordinateType::F32 => size_of::<f32>(),
            CoordinateType::U8 => size_of::<u8>(),
        }
    }

    /// What several of them are called in messages.
    pub(crate) const fn plural(self) -> &'static str {
        match self {
            CoordinateType::F64 => "doubles",
            CoordinateType::F32 => "floats",
            CoordinateType::U8 => "bytes",
        }
    }
}

/// Evaluates an expression with `$C` as the type of coordinates.
macro_rules! with_type {
    ($coordinates:expr, $C:ident => $body:expr) => {
        match $coordinates {
            $crate::points::CoordinateType::F64 => {
                type $C = f64;
                $body
            }
            $crate::points::CoordinateType::F32 => {
                type $C = f32;
                $body
            }
            $crate::points::CoordinateType::U8 => {
                type $C = u8;
                $body
            }
        }
    };
}
pub(crate) use with_type;

/// A type of coordinates as kernels read it.
pub(crate) trait Widen: Copy + Into<f64> {
    const TYPE: CoordinateType;

    /// The number as a double.
    #[inline(always)]
    fn widened(self) -> f64 {
        self.into()
    }

    /// Writes coordinates as so many doubles, by a call.
    ///
    /// # Safety
    /// The CPU has the instruction set of `L`; there is room for them.
    #[inline(always)]
    unsafe fn widen_all<L: Lanes>(from: &[Self], to: *mut f64) {
        // SAFETY: the contract.
        unsafe { L::widen(from, to) }
    }

    /// `WIDTH` coordinates from memory, widened.
    ///
    /// # Safety
    /// As for [`Lanes::load`].
    unsafe fn load<L: Lanes>(from: *const Self) -> L::F;

    /// `count < WIDTH` coordinates from memory, widened, and +0.0 in the other lanes.
    ///
    /// # Safety
    /// As for [`Lanes::load_partial`].
    #[inline(always)]
    unsafe fn load_partial<L: Lanes>(from: *const Self, count: usize) -> L::F {
        let mut lanes = [0.0; 8];
        for (l, x) in lanes.iter_mut().enumerate().take(count) {
            // SAFETY: the contract: so many are readable.
            *x = unsafe { *from.add(l) }.widened();
        }
        // SAFETY: a vector is at most eight doubles.
        unsafe { L::load(lanes.as_ptr()) }
    }
}

impl Widen for f64 {
    const TYPE: CoordinateType = CoordinateType::F64;

    #[inline(always)]
    unsafe fn widen_all<L: Lanes>(from: &[f64], to: *mut f64) {
        // SAFETY: the contract.
        unsafe { core::ptr::copy_nonoverlapping(from.as_ptr(), to, from.len()) }
    }
    #[inline(always)]
    unsafe fn load<L: Lanes>(from: *const f64) -> L::F {
        // SAFETY: the contract.
        unsafe { L::load(from) }
    }
    #[inline(always)]
    unsafe fn load_partial<L: Lanes>(from: *const f64, count: usize) -> L::F {
        // SAFETY: the contract.
        unsafe { L::load_partial(from, count) }
    }
}

impl Widen for f32 {
    const TYPE: CoordinateType = CoordinateType::F32;

    #[inline(always)]
    unsafe fn load<L: Lanes>(from: *const f32) -> L::F {
        // SAFETY: the contract.
        unsafe { L::load_f32(from) }
    }
}

impl Widen for u8 {
    const TYPE: CoordinateType = CoordinateType::U8;

    #[inline(always)]
    unsafe fn load<L: Lanes>(from: *const u8) -> L::F {
        // SAFETY: the contract.
        unsafe { L::load_u8(from) }
    }
}
