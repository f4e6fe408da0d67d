//! Vectors for tests that rule centers out: in each precision, with fused multiply-add where the CPU has it.
//!
//! A test only rules centers out, within a proven error bound (L3 to L5), so its operations may be rounded differently on
//! different instruction sets. The labels are the same nevertheless, because D decides whatever the bound leaves open.

use core::ops::{Add, Mul, Sub};

use super::Lanes;
use crate::runtime::workspace::Plain;

/// A vector of a precision, and the operations of the kernel of a test.
///
/// # Safety
/// As for [`Lanes`](super::Lanes).
pub(crate) trait Screen: Copy + 'static {
    /// The type of one or more coordinates of a point, and of the values that are compared.
    type E: Element;
    /// Elements in a vector.
    const WIDTH: usize;
    /// Registers that hold points and sums of products: vectors, or as few as there are [`TILES`].
    const REGISTERS: usize;
    /// How much bytes of points are more than their code, as products have them: 128, or nothing if products subtract that first.
    const OFFSET: i32 = 128;
    /// A vector.
    type V: Copy;

    /// `x` in every lane.
    unsafe fn splat(x: Self::E) -> Self::V;
    /// `WIDTH` elements from memory.
    unsafe fn load(from: *const Self::E) -> Self::V;
    /// `WIDTH` elements to memory.
    unsafe fn store(to: *mut Self::E, x: Self::V);
    /// `a * b + c`, rounded once or twice. Where elements are bytes, those of `a` are taken to be [`OFFSET`](Self::OFFSET) more than what they are
    /// the code of: they are 128 more.
    unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// Whether products are of matrices: of two points with two centers, two elements at a time, which lie [by two](by_two). Vectors are four wide then.
    const MATRICES: bool = false;
    /// `sums`, and the products of two elements of two points with those of two centers: of the first point with the first and the second center,
    /// then of the second point.
    ///
    /// # Safety
    /// The caller is compiled for the instruction set.
    #[inline(always)]
    unsafe fn multiply_two(_points: Self::V, _centers: Self::V, _sums: Self::V) -> Self::V {
        unreachable!("only some vectors are matrices")
    }
    /// Two elements of a center from memory, as if there were two such centers.
    ///
    /// # Safety
    /// That of [`load`](Self::load), for two elements.
    #[inline(always)]
    unsafe fn load_two(_from: *const Self::E) -> Self::V {
        unreachable!("only some vectors are matrices")
    }
    /// The sums of each of two centers, from those of a group's first two points with them and those of its others.
    ///
    /// # Safety
    /// The caller is compiled for the instruction set.
    #[inline(always)]
    unsafe fn part(_first: Self::V, _others: Self::V) -> [Self::V; 2] {
        unreachable!("only some vectors are matrices")
    }
    /// The start of the sums of products, for the center with this norm and the group with these side values.
    #[inline(always)]
    unsafe fn begin(norm: *const Self::E, _sides: *const Self::E) -> Self::V {
        // SAFETY: the caller is compiled for the instruction set, and vouches for the norm.
        unsafe { Self::splat(*norm) }
    }
    /// The sums of products of so many times [`TILE`] centers with so many groups, all of them [arranged](Element::arrange_center), to memory:
    /// those of a center with a group are a vector, and the vectors of a center follow one another. If there are fewer centers than a tile has rows,
    /// they are all there are.
    ///
    /// # Safety
    /// The caller is compiled for the instruction set, and has called [`get_ready`](Self::get_ready) for these `rows` and `elements`. So many elements of
    /// each center, one center after the other, start at each of `centers`; vectors of so many elements, and sides, at each of `groups`; there is
    /// room for the sums.
    #[inline(always)]
    unsafe fn multiply<const C: usize, const G: usize>(
        _centers: [*const Self::E; C],
        _groups: [*const Self::E; G],
        _rows: usize,
        _elements: usize,
        _sums: *mut Self::E,
    ) {
        unreachable!("only registers that are tiles multiply many centers at once")
    }
    /// Adds two sums of products.
    #[inline(always)]
    unsafe fn join(a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: the caller is compiled for the instruction set.
        unsafe { Self::add(a, b) }
    }
    /// Prepares the CPU for products by tiles of so many rows, and of so many elements.
    ///
    /// # Safety
    /// The caller is compiled for the instruction set; rows are 1 to [`TILE`]; [`finish_up`](Self::finish_up) follows.
    #[inline(always)]
    unsafe fn get_ready(_rows: usize, _elements: usize) {}
    /// Leaves the CPU as it was before.
    ///
    /// # Safety
    /// The caller is compiled for the instruction set, and has prepared the CPU.
    #[inline(always)]
    unsafe fn finish_up() {}
    /// The values of that center, after all products have been added.
    #[inline(always)]
    unsafe fn finish(sum: Self::V, _norm: *const Self::E, _sides: *const Self::E) -> Self::V {
        sum
    }
    /// `a + b`, rounded.
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    /// `a - b`, rounded.
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    /// Lanes that hold whole numbers below 2^31, to `WIDTH` 32-bit integers.
    unsafe fn store_labels(to: *mut i32, x: Self::V);
    /// `a` where `a < b`, else `b`, also where one of them is NaN.
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
    /// `a` where `a > b`, else `b`, also where one of them is NaN.
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// `x` where `a < b`, else `y`.
    unsafe fn select_less(a: Self::V, b: Self::V, x: Self::V, y: Self::V) -> Self::V;
    /// Bit `l` is set where lane `l` of `a` is not greater than that of `b` (a NaN is not greater).
    unsafe fn not_greater(a: Self::V, b: Self::V) -> u32;
}

/// Vectors of four bytes a lane, whose products are summed in 32-bit integers, and the operations of sketches (see `seed::sketch`).
///
/// # Safety
/// As for [`Lanes`](super::Lanes).
pub(crate) trait Integers: Screen<E = i32> {
    /// Whether products are so fast that candidates may have two bytes for each coordinate.
    const FINE: bool = false;

    /// R (L43): `norms * per[0] + errors * per[1] + per[2]`, or [`MOST_BOUND`] if that is less; as a whole number.
    unsafe fn error_bound(norms: *const f32, errors: *const f32, per: [f32; 3]) -> Self::V;
    /// `high + floor(low / 128)`.
    unsafe fn refine(high: Self::V, low: Self::V) -> Self::V;
    /// Adds each lane of some vectors, times its weight if there are weights, to the sum of its lane.
    unsafe fn accumulate(sums: *mut f32, weights: Option<*const f32>, x: &[Self::V]);
}

/// Registers that are tiles: products of many centers are made by [`Screen::multiply`].
pub(crate) const TILES: usize = 8;

/// Centers in a tile.
pub(crate) const TILE: usize = 16;

/// The element type of the vectors of a [`Screen`].
pub(crate) trait Element: Copy + Send + Sync + Default + Plain + 'static {
    /// Coordinates in an element of a point.
    const COORDINATES: usize;
    /// Elements of a point that are processed at a time: a tile of them stays in the nearest cache, and floating-point errors
    /// grow with the length of such a chunk, not with d.
    const CHUNK: usize;
    /// Vectors of side values of the points of a group, which follow those of their elements.
    const SIDES: usize = 0;
    /// Side values of a center, besides its panel.
    const NORMS: usize = 1;
    /// More than any value that is compared.
    const INFINITY: Self;
    /// A label.
    fn of_label(j: usize) -> Self;
    /// Arranges the elements of a center, at most [`CHUNK`](Self::CHUNK), for [`Screen::multiply`].
    fn arrange_center(_center: &mut [Self]) {}
    /// Arranges the elements of a group of vectors of this width for the same.
    #[inline(always)]
    fn arrange_group(_group: &mut [Self], _width: usize) {}
}

/// Elements of a point of d dimensions.
pub(crate) fn elements<E: Element>(d: usize) -> usize {
    d.div_ceil(E::COORDINATES)
}

/// Puts the elements of a panel or a group, which is so many centers or points wide, by two: the first two elements of each, then the next two. An element
/// that is left over stays where it is.
#[inline(always)]
pub(crate) fn by_two<E: Element>(elements: &mut [E], width: usize) {
    for two in elements.chunks_exact_mut(2 * width) {
        let mut both = [E::default(); 2 * WIDEST];
        let both = &mut both[..2 * width];
        for (l, both) in both.chunks_exact_mut(2).enumerate() {
            both.copy_from_slice(&[two[l], two[width + l]]);
        }
        two.copy_from_slice(both);
    }
}

/// Centers in a panel, or points in a group, at most.
const WIDEST: usize = 16;

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

/// 32 bits: two signed 16-bit integers, the sum of their products, or a number in single precision.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
pub(crate) struct Pair(pub(crate) i32);

// SAFETY: a plain number.
unsafe impl Plain for Pair {}

impl Pair {
    /// A number.
    #[inline(always)]
    pub(crate) const fn of(x: f32) -> Pair {
        Pair(x.to_bits() as i32)
    }
    /// That number.
    #[inline(always)]
    pub(crate) fn number(self) -> f32 {
        f32::from_bits(self.0 as u32)
    }
}

impl Element for Pair {
    const COORDINATES: usize = 2;
    const CHUNK: usize = 512;
    const SIDES: usize = 2;
    const NORMS: usize = 2;
    const INFINITY: Pair = Pair::of(f32::INFINITY);
    #[inline(always)]
    fn of_label(j: usize) -> Pair {
        Pair::of(j as f32)
    }
    /// First the low bytes of each two elements, then the high bytes of each two, then the last of an odd number as it is.
    fn arrange_center(center: &mut [Pair]) {
        let mut high = [Pair::default(); Pair::CHUNK / 2];
        let twos = center.len() / 2;
        for (u, high) in high.iter_mut().enumerate().take(twos) {
            (center[u], *high) = bytes_of_two(center[2 * u], center[2 * u + 1]);
        }
        center[twos..2 * twos].copy_from_slice(&high[..twos]);
    }
    /// The low bytes of each two elements in the place of the first, and their high bytes in that of the second.
    #[inline(always)]
    fn arrange_group(group: &mut [Pair], width: usize) {
        for two in group.chunks_exact_mut(2 * width) {
            let (low, high) = two.split_at_mut(width);
            for (low, high) in low.iter_mut().zip(high) {
                (*low, *high) = bytes_of_two(*low, *high);
            }
        }
    }
}

/// The low and the high bytes of four 16-bit integers, those of the two elements in turn: an integer is its high byte, signed, times 256, plus
/// its low one, unsigned.
#[inline(always)]
fn bytes_of_two(a: Pair, b: Pair) -> (Pair, Pair) {
    const LOW: u32 = 0xff_00ff;
    let (a, b) = (a.0 as u32, b.0 as u32);
    let low = a & LOW | (b & LOW) << 8;
    let high = a >> 8 & LOW | b & !LOW;
    (Pair(low as i32), Pair(high as i32))
}

/// A floating-point precision of a test.
pub(crate) trait Working:
    Element + PartialOrd + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self>
{
    /// Its unit roundoff.
    const ROUNDOFF: f64;
    /// Its smallest positive number.
    const TINIEST: f64;
    /// A squared length from which on a center is far, a power of four: sums of products with it might overflow.
    const FAR: f64;
    fn of(x: f64) -> Self;
    fn to_f64(self) -> f64;
    /// The square root; NaN for a negative number.
    fn sqrt(self) -> Self;
    /// The number in single precision, or a little less; NaN if that is too small.
    fn down(self) -> f32;
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
    const FAR: f64 = f64::from_bits((1023 + 100) << 52);
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
    fn down(self) -> f32 {
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
    const FAR: f64 = f64::from_bits((1023 + 1000) << 52);
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
    fn down(self) -> f32 {
        let rounded = self as f32;
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

/// `a` where `a < b`, else `b`: as one instruction where there is one, which on AArch64 would be NaN where one of them is.
macro_rules! smaller {
    ($a:expr, $b:expr) => {
        match cfg!(target_arch = "x86_64") {
            true => $a.fast_min($b),
            false => $a.simd_lt($b).select($a, $b),
        }
    };
}

/// `a` where `a > b`, else `b`.
macro_rules! larger {
    ($a:expr, $b:expr) => {
        match cfg!(target_arch = "x86_64") {
            true => $a.fast_max($b),
            false => $a.simd_gt($b).select($a, $b),
        }
    };
}

/// The vectors of the crate `wide`.
macro_rules! portable {
    ($name:ident, $element:ty, $vector:ident, $width:literal, $registers:expr,
     |$a:ident, $b:ident, $c:ident| $mul_add:expr,
     |$p:ident, $q:ident| $min_max:expr
     $(, { $($more:tt)* })?) => {
        #[derive(Clone, Copy)]
        pub(crate) struct $name;

        impl Screen for $name {
            type E = $element;
            const WIDTH: usize = $width;
            const REGISTERS: usize = $registers;
            type V = wide::$vector;
            $($($more)*)?

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
    16,
    // Not `mul_add`, which is a library call for each lane if the CPU does not have the instruction.
    |a, b, c| a * b + c,
    |a, b| (smaller!(a, b), larger!(a, b))
);
portable!(
    PortableF32,
    f32,
    f32x4,
    4,
    16,
    |a, b, c| a * b + c,
    |a, b| (smaller!(a, b), larger!(a, b))
);
portable!(
    PortableBytes,
    i32,
    i32x4,
    4,
    16,
    |a, b, c| dot_bytes(a, b, c),
    |a, b| (a.min(b), a.max(b))
);
/// `c` plus, in each lane, the products of four unsigned bytes of `a` with four signed ones of `b`.
#[inline(always)]
fn dot_bytes(a: wide::i32x4, b: wide::i32x4, c: wide::i32x4) -> wide::i32x4 {
    let halves = |x: wide::i32x4| {
        // SAFETY: both are sixteen bytes, and any bytes are integers.
        wide::i16x8::new(unsafe { core::mem::transmute::<[i32; 4], [i16; 8]>(x.to_array()) })
    };
    // Bytes at even and at odd places, as 16-bit integers, pairs of whose products are summed.
    let low = wide::i32x4::splat(0xff_00ff);
    let (even, odd) = (halves(a & low), halves((a >> 8) & low));
    let b = halves(b);
    let (even_b, odd_b): (wide::i16x8, wide::i16x8) = ((b << 8) >> 8, b >> 8);
    even.dot(even_b) + odd.dot(odd_b) + c
}

/// Vectors of pairs of 16-bit integers: like those of single precision, except for the products. Sums are integers, and start from the
/// first side value of a group; values are the sums times the second side value and the second norm of the center, plus its first
/// norm, in single precision.
macro_rules! pairs {
    ($name:ident, $floats:ident, $registers:expr, $dot:ident, $join:ident, $scaled:ident $(, { $($more:tt)* })?) => {
        #[derive(Clone, Copy)]
        pub(crate) struct $name;

        // SAFETY (all blocks): the contract of each operation is that of the one it calls; a pair is as many bits as an f32.
        impl Screen for $name {
            type E = Pair;
            const WIDTH: usize = <$floats as Screen>::WIDTH;
            const REGISTERS: usize = $registers;
            type V = <$floats as Screen>::V;
            $($($more)*)?

            #[inline(always)]
            unsafe fn splat(x: Pair) -> Self::V {
                // SAFETY: see above.
                unsafe { $floats::splat(x.number()) }
            }
            #[inline(always)]
            unsafe fn load(from: *const Pair) -> Self::V {
                // SAFETY: see above.
                unsafe { $floats::load(from.cast()) }
            }
            #[inline(always)]
            unsafe fn store(to: *mut Pair, x: Self::V) {
                // SAFETY: see above.
                unsafe { $floats::store(to.cast(), x) }
            }
            #[inline(always)]
            unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
                // SAFETY: see above.
                unsafe { $dot(a, b, c) }
            }
            #[inline(always)]
            unsafe fn join(a: Self::V, b: Self::V) -> Self::V {
                // SAFETY: see above.
                unsafe { $join(a, b) }
            }
            #[inline(always)]
            unsafe fn begin(_: *const Pair, sides: *const Pair) -> Self::V {
                // SAFETY: see above.
                unsafe { Self::load(sides) }
            }
            #[inline(always)]
            unsafe fn finish(sum: Self::V, norm: *const Pair, sides: *const Pair) -> Self::V {
                // SAFETY: see above.
                unsafe {
                    let scaled = $scaled(sum, Self::load(sides.add(Self::WIDTH)));
                    $floats::mul_add(scaled, Self::splat(*norm.add(1)), Self::splat(*norm))
                }
            }
            #[inline(always)]
            unsafe fn add(a: Self::V, b: Self::V) -> Self::V {
                // SAFETY: see above.
                unsafe { $floats::add(a, b) }
            }
            #[inline(always)]
            unsafe fn sub(a: Self::V, b: Self::V) -> Self::V {
                // SAFETY: see above.
                unsafe { $floats::sub(a, b) }
            }
            #[inline(always)]
            unsafe fn store_labels(to: *mut i32, x: Self::V) {
                // SAFETY: see above.
                unsafe { $floats::store_labels(to, x) }
            }
            #[inline(always)]
            unsafe fn min(a: Self::V, b: Self::V) -> Self::V {
                // SAFETY: see above.
                unsafe { $floats::min(a, b) }
            }
            #[inline(always)]
            unsafe fn max(a: Self::V, b: Self::V) -> Self::V {
                // SAFETY: see above.
                unsafe { $floats::max(a, b) }
            }
            #[inline(always)]
            unsafe fn select_less(a: Self::V, b: Self::V, x: Self::V, y: Self::V) -> Self::V {
                // SAFETY: see above.
                unsafe { $floats::select_less(a, b, x, y) }
            }
            #[inline(always)]
            unsafe fn not_greater(a: Self::V, b: Self::V) -> u32 {
                // SAFETY: see above.
                unsafe { $floats::not_greater(a, b) }
            }
        }
    };
}

/// `c` plus, in each lane, the products of the two integers of `a` with those of `b`.
#[inline(always)]
unsafe fn dot_halves(a: wide::f32x4, b: wide::f32x4, c: wide::f32x4) -> wide::f32x4 {
    // SAFETY: all are sixteen bytes, and any bytes are numbers.
    unsafe {
        let halves = |x: wide::f32x4| {
            wide::i16x8::new(core::mem::transmute::<[f32; 4], [i16; 8]>(x.to_array()))
        };
        with_bits(halves(a).dot(halves(b)) + integers(c))
    }
}
/// The sums of the integers whose bits these are.
#[inline(always)]
unsafe fn joined(a: wide::f32x4, b: wide::f32x4) -> wide::f32x4 {
    with_bits(integers(a) + integers(b))
}
/// Numbers with the bits of these integers.
#[inline(always)]
fn with_bits(x: wide::i32x4) -> wide::f32x4 {
    // SAFETY: both are sixteen bytes, and any bits are numbers.
    wide::f32x4::new(unsafe { core::mem::transmute::<[i32; 4], [f32; 4]>(x.to_array()) })
}
/// The integers whose bits these are.
#[inline(always)]
fn integers(x: wide::f32x4) -> wide::i32x4 {
    // SAFETY: both are sixteen bytes, and any bits are integers.
    wide::i32x4::new(unsafe { core::mem::transmute::<[f32; 4], [i32; 4]>(x.to_array()) })
}
/// The integers whose bits are `x`, times `by`.
#[inline(always)]
unsafe fn scaled(x: wide::f32x4, by: wide::f32x4) -> wide::f32x4 {
    integers(x).round_float() * by
}
pairs!(PortablePairs, PortableF32, 16, dot_halves, joined, scaled);

impl Integers for PortableBytes {
    #[inline(always)]
    unsafe fn error_bound(norms: *const f32, errors: *const f32, per: [f32; 3]) -> Self::V {
        let mut error_bound = [0; 4];
        for (l, error_bound) in error_bound.iter_mut().enumerate() {
            // SAFETY: the caller vouches for a vector of readable elements.
            let (norm, error) = unsafe { (*norms.add(l), *errors.add(l)) };
            *error_bound = (norm * per[0] + error * per[1] + per[2]).min(MOST_BOUND) as i32;
        }
        wide::i32x4::new(error_bound)
    }
    #[inline(always)]
    unsafe fn refine(high: Self::V, low: Self::V) -> Self::V {
        high + (low >> 7)
    }
    #[inline(always)]
    unsafe fn accumulate(sums: *mut f32, weights: Option<*const f32>, x: &[Self::V]) {
        for (g, x) in x.iter().enumerate() {
            for (l, x) in x.to_array().into_iter().enumerate() {
                // SAFETY: the caller vouches for a vector of sums, and as many weights, if any, as lanes.
                unsafe {
                    let weight = weights.map_or(1.0, |weights| *weights.add(4 * g + l));
                    *sums.add(l) += x as f32 * weight;
                }
            }
        }
    }
}

/// More than any R of a point that may be open (L43).
pub(crate) const MOST_BOUND: f32 = (1 << 29) as f32;

#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_endian = "little")
))]
#[macro_use]
mod vectors;

#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod aarch64;
#[cfg(test)]
mod emulated;
#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
pub(crate) use aarch64::*;
#[cfg(test)]
pub(crate) use emulated::*;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::*;
