//! Vectors of doubles: the operations that kernels need, and the contract of each.

/// The factor by which a margin is lowered for the rounding of its own subtraction (L8).
pub(super) const DECAY: f32 = 1.0 - f32::EPSILON;

/// The losses of some labels, loaded one by one: gathers take more time (docs/decisions.md#sweeping-over-margins).
///
/// # Safety
/// So many labels are readable, and are indices of losses.
#[inline(always)]
pub(super) unsafe fn losses_of<const N: usize>(labels: *const i32, losses: *const f32) -> [f32; N] {
    let mut own = [0.0; N];
    for (l, loss) in own.iter_mut().enumerate() {
        // SAFETY: the contract.
        *loss = unsafe { *losses.add(*labels.add(l) as usize) };
    }
    own
}

/// Losses that vectors may hold (see [`Lanes::decay_few`]).
pub(crate) const FEW_LOSSES: usize = 128;

/// A vector of `WIDTH` doubles, and its operations.
///
/// # Safety
/// Every function requires that the CPU has the instance's instruction set, and that the caller is
/// (inlined into) a function compiled for it. Those that take pointers also require that the named
/// number of elements is readable (or writable) there; none needs any alignment beyond the element's.
pub(crate) trait Lanes: Copy + 'static {
    /// Doubles in a vector; divides 8.
    const WIDTH: usize;
    /// Vector registers of the instruction set, for kernels that choose how much to keep in them.
    const REGISTERS: usize;
    /// The lanes of the same instruction set for vectors of two doubles.
    type Two: Lanes;
    /// The same for vectors of at most four doubles.
    type Four: Lanes;
    /// `WIDTH` doubles.
    type F: Copy;
    /// `WIDTH` 64-bit integers.
    type I: Copy;
    /// `WIDTH` truth values.
    type M: Copy;

    /// `x` in every lane.
    unsafe fn splat(x: f64) -> Self::F;
    /// `WIDTH` doubles from memory.
    unsafe fn load(from: *const f64) -> Self::F;
    /// `WIDTH` numbers of single precision from memory, as doubles.
    unsafe fn load_f32(from: *const f32) -> Self::F;
    /// `WIDTH` unsigned bytes from memory, as doubles.
    unsafe fn load_u8(from: *const u8) -> Self::F;
    /// Writes numbers of a narrower type as so many doubles. It is a call, which is compiled once a level: inlined into every kernel, its loop
    /// would double the time to build.
    #[inline(never)]
    unsafe fn widen<T: Copy + Into<f64>>(from: &[T], to: *mut f64) {
        // SAFETY: the caller's contract.
        unsafe { widen_each(from, to) }
    }
    /// `count < WIDTH` doubles from memory, and +0.0 in the other lanes.
    unsafe fn load_partial(from: *const f64, count: usize) -> Self::F;
    /// `rest` doubles from memory, and +0.0 in the other lanes; or `WIDTH` doubles, if there are as many.
    #[inline(always)]
    unsafe fn load_rest(from: *const f64, rest: usize) -> Self::F {
        // SAFETY: the caller's contract.
        unsafe {
            match rest < Self::WIDTH {
                true => Self::load_partial(from, rest),
                false => Self::load(from),
            }
        }
    }
    /// `WIDTH` doubles to memory.
    unsafe fn store(to: *mut f64, x: Self::F);
    /// `a + b`, rounded.
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F;
    /// `a - b`, rounded.
    unsafe fn sub(a: Self::F, b: Self::F) -> Self::F;
    /// `a * b`, rounded.
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F;
    /// The rounding error `a * b - product` of `product = fl(a * b)`: exact, unless it has bits below 2^-1074 (L23).
    unsafe fn rounding_error(a: Self::F, b: Self::F, product: Self::F) -> Self::F;
    /// `a` where `a < b`, else `b`: so `b` where one of them is NaN, or both are zero.
    unsafe fn min(a: Self::F, b: Self::F) -> Self::F;
    /// `a` where `a > b`, else `b`.
    unsafe fn max(a: Self::F, b: Self::F) -> Self::F;
    /// `x` with its sign bit cleared.
    unsafe fn abs(x: Self::F) -> Self::F;
    /// `a < b`.
    unsafe fn less(a: Self::F, b: Self::F) -> Self::M;
    /// `a` where the mask holds, else `b`.
    unsafe fn select(mask: Self::M, a: Self::F, b: Self::F) -> Self::F;
    /// A whole number nearest to `magnitude`, which is not negative; itself if it is one, an infinity or NaN.
    #[inline(always)]
    unsafe fn whole(magnitude: Self::F) -> Self::F {
        // SAFETY: the caller's contract.
        unsafe {
            // From 2^52 on all doubles are whole. Below, adding 2^52 rounds to a whole number: doubles from 2^52 to 2^53 are 1 apart.
            let whole = Self::splat((1u64 << 52) as f64);
            let large = Self::less(whole, magnitude);
            let rounded = Self::sub(Self::add(magnitude, whole), whole);
            Self::select(large, magnitude, rounded)
        }
    }
    /// The value of the lowest set bit of a finite magnitude; +infinity for 0, which has none.
    unsafe fn lowest_bit(magnitude: Self::F) -> Self::F;
    /// Zero in every lane.
    unsafe fn zero_bits() -> Self::I;
    /// `WIDTH` integers from memory.
    unsafe fn load_bits(from: *const i64) -> Self::I;
    /// `WIDTH` integers to memory.
    unsafe fn store_bits(to: *mut i64, x: Self::I);
    /// `sum` plus the bit pattern of `x` read as an integer, wrapping.
    unsafe fn add_bits(sum: Self::I, x: Self::F) -> Self::I;
    /// `sum` minus the bit pattern of `x` read as an integer, wrapping.
    unsafe fn sub_bits(sum: Self::I, x: Self::F) -> Self::I;
    /// `bits` and the bit pattern of `x`, or-ed.
    unsafe fn or_bits(bits: Self::I, x: Self::F) -> Self::I;
    /// Whether `bits` are zero in every lane.
    unsafe fn none(bits: Self::I) -> bool;
    /// `WIDTH` points of `D` coordinates, one point after the other, as one vector a dimension.
    unsafe fn columns<const D: usize>(from: *const f64) -> [Self::F; D];
    /// Transposes the first `WIDTH` vectors as a square: lane `j` of vector `i` changes places with lane `i` of
    /// vector `j`.
    unsafe fn transpose(square: &mut [Self::F; 8]);
    /// The halves of the lanes of two vectors, `a` first, as 32-bit integers: the low ones to `low`, the high ones to `high`,
    /// twice `WIDTH` each.
    unsafe fn store_halves(a: Self::F, b: Self::F, low: *mut i32, high: *mut i32);
    /// `WIDTH` doubles, rounded to single precision, to memory.
    unsafe fn store_f32(to: *mut f32, x: Self::F);
    /// The low 32 bits of each of `WIDTH` doubles, to memory.
    unsafe fn store_low(to: *mut i32, x: Self::F);
    /// The low byte of each of eight doubles, which are the first vectors of these: that of the first of them is the lowest.
    #[inline(always)]
    unsafe fn low_bytes(eight: &[Self::F; 8]) -> u64 {
        let mut doubles = [0.0f64; 8];
        let mut bytes = [0; 8];
        for (i, x) in (0..8).step_by(Self::WIDTH).zip(eight) {
            // SAFETY: the caller is compiled for the lanes, whose number divides eight.
            unsafe { Self::store(doubles.as_mut_ptr().add(i), *x) };
        }
        for (byte, x) in bytes.iter_mut().zip(doubles) {
            *byte = x.to_bits() as u8;
        }
        u64::from_le_bytes(bytes)
    }
    /// Bit `l` is set where labels `l` of sixteen differ.
    unsafe fn differences(a: *const i32, b: *const i32) -> u32;
    /// Writes `first` plus the index of every bit that is set; returns how many. There is room for sixteen.
    #[inline(always)]
    unsafe fn list(to: *mut u32, first: u32, mut bits: u32) -> usize {
        let mut count = 0;
        while bits != 0 {
            // SAFETY: there are at most sixteen bits.
            unsafe { *to.add(count) = first + bits.trailing_zeros() };
            bits &= bits - 1;
            count += 1;
        }
        count
    }
    /// Lowers each of sixteen margins m to m (1 - 2^-23) - loss: by the loss of its label, and by its own rounding. Bit
    /// `l` is set if margin `l` is no longer positive.
    unsafe fn decay(margins: *mut f32, labels: *const i32, losses: *const f32) -> u32;
    /// Whether vectors hold the losses of [`decay_few`](Self::decay_few), which then is not the one below: it takes less time, and labels may be any. The loss
    /// of one that is none of these is infinite.
    const HOLDS_FEW: bool = false;
    /// The same, with [`FEW_LOSSES`] losses, which may all be read.
    #[inline(always)]
    unsafe fn decay_few(margins: *mut f32, labels: *const i32, losses: *const f32) -> u32 {
        // SAFETY: the caller's contract.
        unsafe { Self::decay(margins, labels, losses) }
    }
    /// Lanes that hold whole numbers below 2^31, to `WIDTH` 32-bit integers.
    unsafe fn store_labels(to: *mut i32, x: Self::F);
}

/// [`Lanes::columns`] for any `D`: rows are loaded one by one, and square blocks of them transposed.
///
/// # Safety
/// As for [`Lanes::columns`].
#[inline(always)]
pub(super) unsafe fn transposed<L: Lanes, const D: usize>(from: *const f64) -> [L::F; D] {
    // SAFETY: the points are WIDTH times D readable doubles; a row is read below D.
    unsafe {
        let mut columns = [L::splat(0.0); D];
        for first in (0..D).step_by(L::WIDTH) {
            let mut square = [L::splat(0.0); 8];
            for (p, x) in square.iter_mut().enumerate().take(L::WIDTH) {
                *x = L::load_rest(from.add(p * D + first), D - first);
            }
            L::transpose(&mut square);
            for (column, x) in columns[first..].iter_mut().zip(&square[..L::WIDTH]) {
                *column = *x;
            }
        }
        columns
    }
}

/// The loop of [`Lanes::widen`], which the compiler turns into vectors of the function that it is in.
///
/// # Safety
/// As many doubles are writable at `to`.
#[inline(always)]
pub(super) unsafe fn widen_each<T: Copy + Into<f64>>(from: &[T], to: *mut f64) {
    for (i, &x) in from.iter().enumerate() {
        // SAFETY: the contract above.
        unsafe { to.add(i).write(x.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::Lanes;
    use crate::simd::{InstructionSet, Kernel, Level};

    /// min and max of each two numbers.
    struct Extremes<'a>(&'a [f64]);

    impl Kernel for Extremes<'_> {
        type Out = Vec<[f64; 2]>;

        #[inline(always)]
        unsafe fn run<I: InstructionSet>(self) -> Self::Out {
            let mut all = Vec::new();
            for &a in self.0 {
                for &b in self.0 {
                    let mut lanes = [[0.0; 8]; 2];
                    // SAFETY: the CPU has the lanes, of which there are at most eight.
                    unsafe {
                        let (a, b) = (I::Lanes::splat(a), I::Lanes::splat(b));
                        I::Lanes::store(lanes[0].as_mut_ptr(), I::Lanes::min(a, b));
                        I::Lanes::store(lanes[1].as_mut_ptr(), I::Lanes::max(a, b));
                    }
                    all.push([lanes[0][0], lanes[1][I::Lanes::WIDTH - 1]]);
                }
            }
            all
        }
    }

    /// The low bytes of eight doubles.
    struct LowBytes([f64; 8]);

    impl Kernel for LowBytes {
        type Out = u64;

        #[inline(always)]
        unsafe fn run<I: InstructionSet>(self) -> u64 {
            // SAFETY: the CPU has the lanes, whose number divides eight.
            unsafe {
                let mut eight = [I::Lanes::splat(f64::NAN); 8];
                for (i, x) in (0..8).step_by(I::Lanes::WIDTH).zip(&mut eight) {
                    *x = I::Lanes::load(self.0.as_ptr().add(i));
                }
                I::Lanes::low_bytes(&eight)
            }
        }
    }

    #[test]
    fn low_bytes_are_in_order_whatever_the_others_are() {
        let bytes = [1, 0xff, 0x80, 0, 0x7f, 3, 0xfe, 0x55];
        for others in [0, !0xff, 0x4338_0000_0000_0100, 0x8080_8080_8080_8000] {
            let eight = bytes.map(|byte: u8| f64::from_bits(others | u64::from(byte)));
            for level in Level::here() {
                let found = level.run(LowBytes(eight)).to_le_bytes();
                assert_eq!(found, bytes, "{level:?}");
            }
        }
    }

    /// Also of a NaN: kernels meet the products of no weight and an infinite distance where a group ends beyond the points.
    #[test]
    fn extremes_are_the_second_number_unless_the_first_is_beyond() {
        let numbers = [
            0.0,
            -0.0,
            1.0,
            -2.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ];
        for level in Level::here() {
            let found = level.run(Extremes(&numbers));
            let pairs = numbers
                .iter()
                .flat_map(|a| numbers.iter().map(move |b| (a, b)));
            for ((&a, &b), [min, max]) in pairs.zip(found) {
                let same = |x: f64, y: f64| x.to_bits() == y.to_bits();
                assert!(
                    same(min, if a < b { a } else { b }),
                    "{level:?} min {a} {b}: {min}"
                );
                assert!(
                    same(max, if a > b { a } else { b }),
                    "{level:?} max {a} {b}: {max}"
                );
            }
        }
    }
}
