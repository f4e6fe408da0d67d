//! Two lanes from the `wide` crate: SSE2 on x86-64, NEON on AArch64, plain code elsewhere.
//!
//! Vectors have two lanes because these targets have registers of 128 bits, sixteen of them, and the widest kernel keeps eight
//! accumulators in registers.

use wide::{f64x2, i32x4, i64x2};

use super::kernel::{Absent, InstructionSet};
use super::products::{PortableBytes, PortableF32, PortableF64, PortablePairs};
use super::{Lanes, DECAY};

#[derive(Clone, Copy)]
pub(crate) struct Portable;

/// The mantissa bits of a double.
const MANTISSA: i64 = (1 << 52) - 1;

#[inline(always)]
fn bits(x: f64x2) -> i64x2 {
    let [a, b] = x.to_array();
    i64x2::new([a.to_bits() as i64, b.to_bits() as i64])
}

/// Doubles as sums of two of 26 bits each (L23).
#[inline(always)]
fn halves(x: f64x2) -> (f64x2, f64x2) {
    let high = (bits(x) + i64x2::splat(1 << 26)) & i64x2::splat(-1 << 27);
    let high = f64x2::new(high.to_array().map(|high| f64::from_bits(high as u64)));
    (high, x - high)
}

impl InstructionSet for Portable {
    type Lanes = Portable;
    type Single = PortableF32;
    type Double = PortableF64;
    type Sketch = PortableBytes;
    type Words = PortablePairs;
    type Bytes = Absent;
}

impl Lanes for Portable {
    const WIDTH: usize = 2;
    const REGISTERS: usize = 16;
    type Two = Portable;
    type Four = Portable;
    type F = f64x2;
    type I = i64x2;
    type M = f64x2;

    #[inline(always)]
    unsafe fn splat(x: f64) -> f64x2 {
        f64x2::splat(x)
    }
    #[inline(always)]
    unsafe fn load(from: *const f64) -> f64x2 {
        // SAFETY: the caller vouches for two readable doubles.
        f64x2::new(unsafe { from.cast::<[f64; 2]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn load_f32(from: *const f32) -> f64x2 {
        // SAFETY: the caller vouches for two readable numbers.
        f64x2::new(unsafe { from.cast::<[f32; 2]>().read_unaligned() }.map(f64::from))
    }
    #[inline(always)]
    unsafe fn load_u8(from: *const u8) -> f64x2 {
        // SAFETY: the caller vouches for two readable bytes.
        f64x2::new(unsafe { from.cast::<[u8; 2]>().read() }.map(f64::from))
    }
    #[inline(always)]
    unsafe fn load_partial(from: *const f64, count: usize) -> f64x2 {
        match count {
            0 => f64x2::ZERO,
            // SAFETY: the caller vouches for a readable double.
            _ => f64x2::new([unsafe { *from }, 0.0]),
        }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f64, x: f64x2) {
        // SAFETY: the caller vouches for two writable doubles.
        unsafe { to.cast::<[f64; 2]>().write_unaligned(x.to_array()) }
    }
    #[inline(always)]
    unsafe fn add(a: f64x2, b: f64x2) -> f64x2 {
        a + b
    }
    #[inline(always)]
    unsafe fn sub(a: f64x2, b: f64x2) -> f64x2 {
        a - b
    }
    #[inline(always)]
    unsafe fn mul(a: f64x2, b: f64x2) -> f64x2 {
        a * b
    }
    #[inline(always)]
    unsafe fn rounding_error(a: f64x2, b: f64x2, product: f64x2) -> f64x2 {
        // As `exact::binary64::rounding_error`, two at a time.
        let ((a, a_rest), (b, b_rest)) = (halves(a), halves(b));
        a_rest * b_rest - (((product - a * b) - a_rest * b) - a * b_rest)
    }
    #[inline(always)]
    unsafe fn min(a: f64x2, b: f64x2) -> f64x2 {
        smaller!(a, b)
    }
    #[inline(always)]
    unsafe fn max(a: f64x2, b: f64x2) -> f64x2 {
        larger!(a, b)
    }
    #[inline(always)]
    unsafe fn abs(x: f64x2) -> f64x2 {
        x.abs()
    }
    #[inline(always)]
    unsafe fn less(a: f64x2, b: f64x2) -> f64x2 {
        a.simd_lt(b)
    }
    #[inline(always)]
    unsafe fn select(mask: f64x2, a: f64x2, b: f64x2) -> f64x2 {
        mask.select(a, b)
    }
    #[inline(always)]
    unsafe fn lowest_bit(magnitude: f64x2) -> f64x2 {
        let [a, b] = bits(magnitude).to_array();
        let cleared = f64x2::new([
            f64::from_bits((a & a.wrapping_sub(1)) as u64),
            f64::from_bits((b & b.wrapping_sub(1)) as u64),
        ]);
        // A power of two has an empty mantissa, and clearing its lowest bit would spoil the exponent.
        let power = f64x2::new([
            f64::from_bits(((a & MANTISSA) == 0) as u64 * u64::MAX),
            f64::from_bits(((b & MANTISSA) == 0) as u64 * u64::MAX),
        ]);
        let low = power.select(magnitude, magnitude - cleared);
        magnitude
            .simd_eq(f64x2::ZERO)
            .select(f64x2::splat(f64::INFINITY), low)
    }
    #[inline(always)]
    unsafe fn zero_bits() -> i64x2 {
        i64x2::ZERO
    }
    #[inline(always)]
    unsafe fn load_bits(from: *const i64) -> i64x2 {
        // SAFETY: the caller vouches for two readable integers.
        i64x2::new(unsafe { from.cast::<[i64; 2]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store_bits(to: *mut i64, x: i64x2) {
        // SAFETY: the caller vouches for two writable integers.
        unsafe { to.cast::<[i64; 2]>().write_unaligned(x.to_array()) }
    }
    #[inline(always)]
    unsafe fn add_bits(sum: i64x2, x: f64x2) -> i64x2 {
        sum + bits(x)
    }
    #[inline(always)]
    unsafe fn sub_bits(sum: i64x2, x: f64x2) -> i64x2 {
        sum - bits(x)
    }
    #[inline(always)]
    unsafe fn or_bits(or: i64x2, x: f64x2) -> i64x2 {
        or | bits(x)
    }
    #[inline(always)]
    unsafe fn none(bits: i64x2) -> bool {
        bits.to_array() == [0; 2]
    }
    #[inline(always)]
    unsafe fn columns<const D: usize>(from: *const f64) -> [f64x2; D] {
        // SAFETY: the caller vouches for two points of D readable doubles.
        core::array::from_fn(|i| unsafe { f64x2::new([*from.add(i), *from.add(D + i)]) })
    }
    #[inline(always)]
    unsafe fn transpose(square: &mut [f64x2; 8]) {
        [square[0], square[1]] = f64x2::transpose([square[0], square[1]]);
    }
    #[inline(always)]
    unsafe fn store_halves(a: f64x2, b: f64x2, low: *mut i32, high: *mut i32) {
        let [a, b] = [a, b].map(|x| x.to_array().map(f64::to_bits));
        let all = [a[0], a[1], b[0], b[1]];
        // SAFETY: the caller vouches for four writable integers each.
        unsafe {
            low.cast::<[i32; 4]>().write(all.map(|x| x as i32));
            high.cast::<[i32; 4]>().write(all.map(|x| (x >> 32) as i32));
        }
    }
    #[inline(always)]
    unsafe fn store_low(to: *mut i32, x: f64x2) {
        let low = x.to_array().map(|x| x.to_bits() as i32);
        // SAFETY: the caller vouches for two writable elements.
        unsafe { to.cast::<[i32; 2]>().write_unaligned(low) }
    }
    #[inline(always)]
    unsafe fn store_f32(to: *mut f32, x: f64x2) {
        let [a, b] = x.to_array();
        // SAFETY: the caller vouches for two writable elements.
        unsafe { to.cast::<[f32; 2]>().write_unaligned([a as f32, b as f32]) }
    }
    #[inline(always)]
    unsafe fn differences(a: *const i32, b: *const i32) -> u32 {
        // SAFETY: the caller vouches for sixteen readable integers each.
        let (a, b) = unsafe { (*a.cast::<[i32; 16]>(), *b.cast::<[i32; 16]>()) };
        let mut same = 0;
        for quarter in [0, 4, 8, 12] {
            let four = |x: &[i32; 16]| i32x4::new([0, 1, 2, 3].map(|l| x[quarter + l]));
            same |= four(&a).simd_eq(four(&b)).to_bitmask() << quarter;
        }
        !same & 0xffff
    }
    #[inline(always)]
    unsafe fn decay(margins: *mut f32, labels: *const i32, losses: *const f32) -> u32 {
        let mut without_margin = 0;
        for l in 0..16 {
            // SAFETY: the caller vouches for sixteen margins and labels, which are indices of losses.
            unsafe {
                let left = *margins.add(l) * DECAY - *losses.add(*labels.add(l) as usize);
                *margins.add(l) = left;
                // NaN is not positive either.
                let positive = left > 0.0;
                without_margin |= u32::from(!positive) << l;
            }
        }
        without_margin
    }
    #[inline(always)]
    unsafe fn store_labels(to: *mut i32, x: f64x2) {
        let [a, b] = x.to_array();
        // SAFETY: the caller vouches for two writable integers.
        unsafe { to.cast::<[i32; 2]>().write_unaligned([a as i32, b as i32]) }
    }
}
