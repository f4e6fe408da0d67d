//! Lanes for screening: either precision, multiply-add fused where the CPU can.
//!
//! Screening only rules centers out, within a proven bound (see `assign::certify`), so here operations
//! may round as they like; what comes out of it is the same on every instruction set all the same,
//! because whatever the bound leaves open is decided by D.

use core::ops::{Add, Mul, Sub};

use super::Lanes;
use crate::workspace::Plain;

/// A vector of a working precision and what the screening kernel does with it.
///
/// # Safety
/// As for [`Lanes`](super::Lanes).
pub(crate) trait Screen: Copy + 'static {
    /// One or more coordinates of a point, and a value that is compared.
    type E: Element;
    /// Elements in a vector.
    const WIDTH: usize;
    /// Groups of points and centers whose products fill the registers.
    const REGISTERS: usize;
    /// A vector.
    type V: Copy;

    /// `x` in every lane.
    unsafe fn splat(x: Self::E) -> Self::V;
    /// `WIDTH` elements from memory.
    unsafe fn load(from: *const Self::E) -> Self::V;
    /// `WIDTH` elements to memory.
    unsafe fn store(to: *mut Self::E, x: Self::V);
    /// `a * b + c`, rounded once or twice.
    unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `a + b`, rounded.
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    /// `a - b`, rounded.
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    /// Lanes that hold whole numbers below 2^31, to `WIDTH` 32-bit integers.
    unsafe fn store_labels(to: *mut i32, x: Self::V);
    /// The smaller of two numbers.
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
    /// The larger of two numbers.
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// `x` where `a < b`, else `y`.
    unsafe fn select_less(a: Self::V, b: Self::V, x: Self::V, y: Self::V) -> Self::V;
    /// Bit `l` is set where lane `l` of `a` is not greater than that of `b` (a NaN is not greater).
    unsafe fn not_greater(a: Self::V, b: Self::V) -> u32;
}

/// Four bytes a lane, products of which are summed in 32-bit integers; and what sketches do with these (see `seed::sketch`).
///
/// # Safety
/// As for [`Lanes`](super::Lanes).
pub(crate) trait Integers: Screen<E = i32> {
    /// `norms * per[0] + errors * per[1] + 3`, or 2^29 if that is less.
    unsafe fn reach(norms: *const f32, errors: *const f32, per: [f32; 2]) -> Self::V;
    /// Adds each lane of some vectors that is positive, times its weight, to the sum of its lane.
    unsafe fn add_positive(sums: *mut f32, weights: *const f32, x: &[Self::V]);
}

/// What the vectors of a [`Screen`] hold.
pub(crate) trait Element: Copy + Send + Sync + Default + Plain + 'static {
    /// Coordinates in an element of a point.
    const COORDINATES: usize;
    /// Elements of a point that are swept at a time: a tile of them stays in the nearest cache, and floating-point errors
    /// grow with the length of a chunk, not with d.
    const CHUNK: usize;
    /// More than any value that is compared.
    const INFINITY: Self;
    /// A label.
    fn of_label(j: usize) -> Self;
}

/// Four signed or unsigned bytes, or a 32-bit integer.
impl Element for i32 {
    const COORDINATES: usize = 4;
    const CHUNK: usize = 512;
    const INFINITY: i32 = 1 << 30;
    #[inline(always)]
    fn of_label(j: usize) -> i32 {
        j as i32
    }
}

/// Two signed 16-bit integers, or a 32-bit one.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
pub(crate) struct Pair(pub(crate) i32);

// SAFETY: a plain number.
unsafe impl Plain for Pair {}

impl Element for Pair {
    const COORDINATES: usize = 2;
    const CHUNK: usize = 512;
    const INFINITY: Pair = Pair(1 << 30);
    #[inline(always)]
    fn of_label(j: usize) -> Pair {
        Pair(j as i32)
    }
}

/// What whole numbers centers are made of, for elements that hold several.
pub(crate) trait Whole: Element {
    /// The largest magnitude of a coordinate.
    const MOST: f64;
    /// What is added to every coordinate of a point.
    const OFFSET: i32;
    /// The element of some coordinates, which are of at most that magnitude.
    fn join(coordinates: [i32; 4]) -> Self;
    /// The value of a number.
    fn value(x: i32) -> Self;
}

impl Whole for i32 {
    const MOST: f64 = 127.0;
    const OFFSET: i32 = 128;
    #[inline(always)]
    fn join(coordinates: [i32; 4]) -> i32 {
        i32::from_ne_bytes(coordinates.map(|x| x as u8))
    }
    #[inline(always)]
    fn value(x: i32) -> i32 {
        x
    }
}

impl Whole for Pair {
    const MOST: f64 = 32767.0;
    const OFFSET: i32 = 0;
    #[inline(always)]
    fn join([a, b, ..]: [i32; 4]) -> Pair {
        Pair(a & 0xffff | b << 16)
    }
    #[inline(always)]
    fn value(x: i32) -> Pair {
        Pair(x)
    }
}

/// A floating-point precision to screen in.
pub(crate) trait Working:
    Element + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self>
{
    /// Its unit roundoff.
    const ROUNDOFF: f64;
    /// Its smallest positive number.
    const TINIEST: f64;
    fn of(x: f64) -> Self;
    fn to_f64(self) -> f64;
    /// NaN of what is negative.
    fn sqrt(self) -> Self;
    /// `units` times this, or a little less; single precision, which is in these units anyway, as it is.
    fn down(self, units: f64) -> f32;
    /// A vector of doubles, rounded, to memory.
    ///
    /// # Safety
    /// As for [`Lanes::store`].
    unsafe fn store<L: Lanes>(to: *mut Self, x: L::F);
    /// A vector of numbers from memory, as doubles.
    ///
    /// # Safety
    /// As for [`Lanes::load`].
    unsafe fn load<L: Lanes>(from: *const Self) -> L::F;
}

impl Element for f32 {
    const COORDINATES: usize = 1;
    const CHUNK: usize = 128;
    const INFINITY: f32 = f32::INFINITY;
    #[inline(always)]
    fn of_label(j: usize) -> f32 {
        j as f32
    }
}

impl Working for f32 {
    const ROUNDOFF: f64 = f32::EPSILON as f64 / 2.0;
    const TINIEST: f64 = 1.401298464324817e-45;
    #[inline(always)]
    fn of(x: f64) -> f32 {
        x as f32
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self.into()
    }
    #[inline(always)]
    fn sqrt(self) -> f32 {
        self.sqrt()
    }
    #[inline(always)]
    fn down(self, _: f64) -> f32 {
        self
    }
    #[inline(always)]
    unsafe fn store<L: Lanes>(to: *mut f32, x: L::F) {
        // SAFETY: the caller's contract.
        unsafe { L::store_f32(to, x) }
    }
    #[inline(always)]
    unsafe fn load<L: Lanes>(from: *const f32) -> L::F {
        let mut lanes = [0.0; 8];
        for (l, x) in lanes.iter_mut().enumerate().take(L::WIDTH) {
            // SAFETY: the caller's contract.
            *x = f64::from(unsafe { *from.add(l) });
        }
        // SAFETY: the caller is compiled for `L`; eight lanes are enough for any.
        unsafe { L::load(lanes.as_ptr()) }
    }
}

impl Element for f64 {
    const COORDINATES: usize = 1;
    const CHUNK: usize = 128;
    const INFINITY: f64 = f64::INFINITY;
    #[inline(always)]
    fn of_label(j: usize) -> f64 {
        j as f64
    }
}

impl Working for f64 {
    const ROUNDOFF: f64 = f64::EPSILON / 2.0;
    const TINIEST: f64 = 5e-324;
    #[inline(always)]
    fn of(x: f64) -> f64 {
        x
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn sqrt(self) -> f64 {
        self.sqrt()
    }
    #[inline(always)]
    fn down(self, units: f64) -> f32 {
        let rounded = (self * units) as f32;
        rounded - rounded.abs() * f32::EPSILON - f32::MIN_POSITIVE
    }
    #[inline(always)]
    unsafe fn store<L: Lanes>(to: *mut f64, x: L::F) {
        // SAFETY: the caller's contract.
        unsafe { L::store(to, x) }
    }
    #[inline(always)]
    unsafe fn load<L: Lanes>(from: *const f64) -> L::F {
        // SAFETY: the caller's contract.
        unsafe { L::load(from) }
    }
}

/// The vectors of `wide`, which has one way of saying everything.
macro_rules! portable {
    ($name:ident, $element:ty, $vector:ident, $width:literal,
     |$a:ident, $b:ident, $c:ident| $mul_add:expr,
     |$p:ident, $q:ident| $min_max:expr) => {
        #[derive(Clone, Copy)]
        pub(crate) struct $name;

        impl Screen for $name {
            type E = $element;
            const WIDTH: usize = $width;
            const REGISTERS: usize = 16;
            type V = wide::$vector;

            #[inline(always)]
            unsafe fn splat(x: $element) -> Self::V {
                wide::$vector::splat(x)
            }
            #[inline(always)]
            unsafe fn load(from: *const $element) -> Self::V {
                // SAFETY: the caller vouches for a vector of readable elements.
                wide::$vector::new(unsafe { from.cast::<[$element; $width]>().read_unaligned() })
            }
            #[inline(always)]
            unsafe fn store(to: *mut $element, x: Self::V) {
                // SAFETY: the caller vouches for a vector of writable elements.
                unsafe {
                    to.cast::<[$element; $width]>()
                        .write_unaligned(x.to_array())
                }
            }
            #[inline(always)]
            unsafe fn mul_add($a: Self::V, $b: Self::V, $c: Self::V) -> Self::V {
                $mul_add
            }
            #[inline(always)]
            unsafe fn add(a: Self::V, b: Self::V) -> Self::V {
                a + b
            }
            #[inline(always)]
            unsafe fn sub(a: Self::V, b: Self::V) -> Self::V {
                a - b
            }
            #[inline(always)]
            unsafe fn store_labels(to: *mut i32, x: Self::V) {
                let labels = x.to_array().map(|label| label as i32);
                // SAFETY: the caller vouches for a vector of writable integers.
                unsafe { to.cast::<[i32; $width]>().write_unaligned(labels) }
            }
            #[inline(always)]
            unsafe fn min($p: Self::V, $q: Self::V) -> Self::V {
                $min_max.0
            }
            #[inline(always)]
            unsafe fn max($p: Self::V, $q: Self::V) -> Self::V {
                $min_max.1
            }
            #[inline(always)]
            unsafe fn select_less(a: Self::V, b: Self::V, x: Self::V, y: Self::V) -> Self::V {
                a.simd_lt(b).select(x, y)
            }
            #[inline(always)]
            unsafe fn not_greater(a: Self::V, b: Self::V) -> u32 {
                !a.simd_gt(b).to_bitmask() & ((1 << $width) - 1)
            }
        }
    };
}

portable!(
    PortableF64,
    f64,
    f64x2,
    2,
    // Not `mul_add`, which without the instruction is a library call a lane.
    |a, b, c| a * b + c,
    |a, b| (a.fast_min(b), a.fast_max(b))
);
portable!(PortableF32, f32, f32x4, 4, |a, b, c| a * b + c, |a, b| (
    a.fast_min(b),
    a.fast_max(b)
));
portable!(
    PortableBytes,
    i32,
    i32x4,
    4,
    |a, b, c| dot_bytes(a, b, c),
    |a, b| (a.min(b), a.max(b))
);

/// `c` plus, in each lane, the products of four unsigned bytes of `a` with four signed ones of `b`.
#[inline(always)]
fn dot_bytes(a: wide::i32x4, b: wide::i32x4, c: wide::i32x4) -> wide::i32x4 {
    let halves = |x: wide::i32x4| {
        let x = x.to_array().map(|x| x.to_ne_bytes());
        // SAFETY: both are sixteen bytes, and any bytes are integers.
        wide::i16x8::new(unsafe { core::mem::transmute::<[[u8; 4]; 4], [i16; 8]>(x) })
    };
    // Bytes at even and at odd places, as 16-bit integers, pairs of whose products are summed.
    let low = wide::i32x4::splat(0xff_00ff);
    let (even, odd) = (halves(a & low), halves((a >> 8) & low));
    let b = halves(b);
    let (even_b, odd_b): (wide::i16x8, wide::i16x8) = ((b << 8) >> 8, b >> 8);
    even.dot(even_b) + odd.dot(odd_b) + c
}

/// Vectors of pairs: those of bytes, but for what they multiply.
macro_rules! pairs {
    ($name:ident, $bytes:ident, $dot:ident) => {
        #[derive(Clone, Copy)]
        pub(crate) struct $name;

        // SAFETY (all blocks): the contract of each operation is that of the one it calls; a pair is what an i32 is.
        impl Screen for $name {
            type E = Pair;
            const WIDTH: usize = <$bytes as Screen>::WIDTH;
            const REGISTERS: usize = <$bytes as Screen>::REGISTERS;
            type V = <$bytes as Screen>::V;

            #[inline(always)]
            unsafe fn splat(x: Pair) -> Self::V {
                // SAFETY: see above.
                unsafe { $bytes::splat(x.0) }
            }
            #[inline(always)]
            unsafe fn load(from: *const Pair) -> Self::V {
                // SAFETY: see above.
                unsafe { $bytes::load(from.cast()) }
            }
            #[inline(always)]
            unsafe fn store(to: *mut Pair, x: Self::V) {
                // SAFETY: see above.
                unsafe { $bytes::store(to.cast(), x) }
            }
            #[inline(always)]
            unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
                // SAFETY: see above.
                unsafe { $dot(a, b, c) }
            }
            #[inline(always)]
            unsafe fn add(a: Self::V, b: Self::V) -> Self::V {
                // SAFETY: see above.
                unsafe { $bytes::add(a, b) }
            }
            #[inline(always)]
            unsafe fn sub(a: Self::V, b: Self::V) -> Self::V {
                // SAFETY: see above.
                unsafe { $bytes::sub(a, b) }
            }
            #[inline(always)]
            unsafe fn store_labels(to: *mut i32, x: Self::V) {
                // SAFETY: see above.
                unsafe { $bytes::store_labels(to, x) }
            }
            #[inline(always)]
            unsafe fn min(a: Self::V, b: Self::V) -> Self::V {
                // SAFETY: see above.
                unsafe { $bytes::min(a, b) }
            }
            #[inline(always)]
            unsafe fn max(a: Self::V, b: Self::V) -> Self::V {
                // SAFETY: see above.
                unsafe { $bytes::max(a, b) }
            }
            #[inline(always)]
            unsafe fn select_less(a: Self::V, b: Self::V, x: Self::V, y: Self::V) -> Self::V {
                // SAFETY: see above.
                unsafe { $bytes::select_less(a, b, x, y) }
            }
            #[inline(always)]
            unsafe fn not_greater(a: Self::V, b: Self::V) -> u32 {
                // SAFETY: see above.
                unsafe { $bytes::not_greater(a, b) }
            }
        }
    };
}

/// `c` plus, in each lane, the products of the two integers of `a` with those of `b`.
#[inline(always)]
unsafe fn dot_halves(a: wide::i32x4, b: wide::i32x4, c: wide::i32x4) -> wide::i32x4 {
    // SAFETY: all are sixteen bytes, and any bytes are integers.
    let halves = |x: wide::i32x4| unsafe {
        wide::i16x8::new(core::mem::transmute::<[i32; 4], [i16; 8]>(x.to_array()))
    };
    halves(a).dot(halves(b)) + c
}
pairs!(PortablePairs, PortableBytes, dot_halves);

impl Integers for PortableBytes {
    #[inline(always)]
    unsafe fn reach(norms: *const f32, errors: *const f32, per: [f32; 2]) -> Self::V {
        let mut reach = [0; 4];
        for (l, reach) in reach.iter_mut().enumerate() {
            // SAFETY: the caller vouches for a vector of readable elements.
            let (norm, error) = unsafe { (*norms.add(l), *errors.add(l)) };
            *reach = (norm * per[0] + error * per[1] + 3.0).min(MOST_REACH) as i32;
        }
        wide::i32x4::new(reach)
    }
    #[inline(always)]
    unsafe fn add_positive(sums: *mut f32, weights: *const f32, x: &[Self::V]) {
        for (g, x) in x.iter().enumerate() {
            for (l, x) in x.to_array().into_iter().enumerate() {
                // SAFETY: the caller vouches for a vector of sums, and as many weights as lanes.
                unsafe { *sums.add(l) += x.max(0) as f32 * *weights.add(4 * g + l) };
            }
        }
    }
}

/// See [`Integers::reach`].
pub(crate) const MOST_REACH: f32 = (1 << 29) as f32;

#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::*;
