//! Two lanes: NEON, which every AArch64 has. Only the rounding error of a product is fused here, exactly; tests are fused, too.

use core::arch::aarch64::*;

use super::kernel::{Absent, InstructionSet};
use super::products::{bits_of_sixteen, NeonBytes, NeonF32, NeonF64};
use super::{losses_of, transposed, Lanes, DECAY};

#[derive(Clone, Copy)]
pub(crate) struct Neon;

impl InstructionSet for Neon {
    type Lanes = Neon;
    type Single = NeonF32;
    type Double = NeonF64;
    type Sketch = NeonBytes;
    // Without an instruction for sums of products, products of integers take as many instructions as those in single precision.
    type Words = Absent;
    type Bytes = Absent;
}

impl Lanes for Neon {
    const WIDTH: usize = 2;
    const REGISTERS: usize = 32;
    type Two = Neon;
    type Four = Neon;
    type F = float64x2_t;
    type I = int64x2_t;
    type M = uint64x2_t;

    // SAFETY (all blocks of this file): the trait's contract gives the CPU feature, and, where a
    // pointer is used, the readable or writable elements; loads and stores ask for nothing more.

    #[inline(always)]
    unsafe fn splat(x: f64) -> float64x2_t {
        // SAFETY: see the top of this impl.
        unsafe { vdupq_n_f64(x) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f64) -> float64x2_t {
        // SAFETY: see the top of this impl.
        unsafe { vld1q_f64(from) }
    }
    #[inline(always)]
    unsafe fn load_f32(from: *const f32) -> float64x2_t {
        // SAFETY: see the top of this impl.
        unsafe { vcvt_f64_f32(vld1_f32(from)) }
    }
    #[inline(always)]
    unsafe fn load_u8(from: *const u8) -> float64x2_t {
        // SAFETY: see the top of this impl; two bytes are read.
        unsafe {
            let bytes = vcreate_u8(from.cast::<u16>().read_unaligned().into());
            let words = vget_low_u32(vmovl_u16(vget_low_u16(vmovl_u8(bytes))));
            vcvtq_f64_u64(vmovl_u32(words))
        }
    }
    #[inline(always)]
    unsafe fn load_partial(from: *const f64, count: usize) -> float64x2_t {
        // SAFETY: see the top of this impl; nothing is read unless there is one double.
        unsafe {
            match count {
                0 => vdupq_n_f64(0.0),
                _ => vcombine_f64(vld1_f64(from), vdup_n_f64(0.0)),
            }
        }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f64, x: float64x2_t) {
        // SAFETY: see the top of this impl.
        unsafe { vst1q_f64(to, x) }
    }
    #[inline(always)]
    unsafe fn add(a: float64x2_t, b: float64x2_t) -> float64x2_t {
        // SAFETY: see the top of this impl.
        unsafe { vaddq_f64(a, b) }
    }
    #[inline(always)]
    unsafe fn sub(a: float64x2_t, b: float64x2_t) -> float64x2_t {
        // SAFETY: see the top of this impl.
        unsafe { vsubq_f64(a, b) }
    }
    #[inline(always)]
    unsafe fn mul(a: float64x2_t, b: float64x2_t) -> float64x2_t {
        // SAFETY: see the top of this impl.
        unsafe { vmulq_f64(a, b) }
    }
    #[inline(always)]
    unsafe fn rounding_error(a: float64x2_t, b: float64x2_t, product: float64x2_t) -> float64x2_t {
        // SAFETY: see the top of this impl. (The difference in the other order, negated, would be -0.0 where there is none.)
        unsafe { vfmaq_f64(vnegq_f64(product), a, b) }
    }
    #[inline(always)]
    unsafe fn min(a: float64x2_t, b: float64x2_t) -> float64x2_t {
        // SAFETY: see the top of this impl. (The instruction of this name gives NaN where either is, and -0.0 of both zeros.)
        unsafe { vbslq_f64(vcltq_f64(a, b), a, b) }
    }
    #[inline(always)]
    unsafe fn max(a: float64x2_t, b: float64x2_t) -> float64x2_t {
        // SAFETY: see the top of this impl.
        unsafe { vbslq_f64(vcgtq_f64(a, b), a, b) }
    }
    #[inline(always)]
    unsafe fn abs(x: float64x2_t) -> float64x2_t {
        // SAFETY: see the top of this impl.
        unsafe { vabsq_f64(x) }
    }
    #[inline(always)]
    unsafe fn less(a: float64x2_t, b: float64x2_t) -> uint64x2_t {
        // SAFETY: see the top of this impl.
        unsafe { vcltq_f64(a, b) }
    }
    #[inline(always)]
    unsafe fn select(mask: uint64x2_t, a: float64x2_t, b: float64x2_t) -> float64x2_t {
        // SAFETY: see the top of this impl.
        unsafe { vbslq_f64(mask, a, b) }
    }
    #[inline(always)]
    unsafe fn whole(magnitude: float64x2_t) -> float64x2_t {
        // SAFETY: see the top of this impl.
        unsafe { vrndnq_f64(magnitude) }
    }
    #[inline(always)]
    unsafe fn lowest_bit(magnitude: float64x2_t) -> float64x2_t {
        // SAFETY: see the top of this impl.
        unsafe {
            let bits = vreinterpretq_s64_f64(magnitude);
            let less_one = vaddq_s64(bits, vdupq_n_s64(-1));
            let cleared = vreinterpretq_f64_s64(vandq_s64(bits, less_one));
            // A power of two has an empty mantissa, and clearing its lowest bit would spoil the exponent.
            let with_mantissa = vtstq_s64(bits, vdupq_n_s64((1 << 52) - 1));
            let low = vbslq_f64(with_mantissa, vsubq_f64(magnitude, cleared), magnitude);
            vbslq_f64(vceqzq_f64(magnitude), vdupq_n_f64(f64::INFINITY), low)
        }
    }
    #[inline(always)]
    unsafe fn zero_bits() -> int64x2_t {
        // SAFETY: see the top of this impl.
        unsafe { vdupq_n_s64(0) }
    }
    #[inline(always)]
    unsafe fn load_bits(from: *const i64) -> int64x2_t {
        // SAFETY: see the top of this impl.
        unsafe { vld1q_s64(from) }
    }
    #[inline(always)]
    unsafe fn store_bits(to: *mut i64, x: int64x2_t) {
        // SAFETY: see the top of this impl.
        unsafe { vst1q_s64(to, x) }
    }
    #[inline(always)]
    unsafe fn add_bits(sum: int64x2_t, x: float64x2_t) -> int64x2_t {
        // SAFETY: see the top of this impl.
        unsafe { vaddq_s64(sum, vreinterpretq_s64_f64(x)) }
    }
    #[inline(always)]
    unsafe fn sub_bits(sum: int64x2_t, x: float64x2_t) -> int64x2_t {
        // SAFETY: see the top of this impl.
        unsafe { vsubq_s64(sum, vreinterpretq_s64_f64(x)) }
    }
    #[inline(always)]
    unsafe fn or_bits(bits: int64x2_t, x: float64x2_t) -> int64x2_t {
        // SAFETY: see the top of this impl.
        unsafe { vorrq_s64(bits, vreinterpretq_s64_f64(x)) }
    }
    #[inline(always)]
    unsafe fn none(bits: int64x2_t) -> bool {
        // SAFETY: see the top of this impl.
        unsafe { vmaxvq_u32(vreinterpretq_u32_s64(bits)) == 0 }
    }
    #[inline(always)]
    unsafe fn columns<const D: usize>(from: *const f64) -> [float64x2_t; D] {
        // SAFETY: see the top of this impl.
        let mut columns = [unsafe { Self::splat(0.0) }; D];
        // SAFETY: see the top of this impl; two points of D doubles are readable.
        unsafe {
            match &mut columns[..] {
                [x] => *x = Self::load(from),
                [x, y, z] => {
                    // x0 y0, z0 x1, y1 z1.
                    let (xy, zx) = (Self::load(from), Self::load(from.add(2)));
                    let yz = Self::load(from.add(4));
                    *x = vcopyq_laneq_f64::<1, 1>(xy, zx);
                    *y = vextq_f64::<1>(xy, yz);
                    *z = vcopyq_laneq_f64::<1, 1>(zx, yz);
                }
                _ => return transposed::<Self, D>(from),
            }
        }
        columns
    }
    #[inline(always)]
    unsafe fn transpose(square: &mut [float64x2_t; 8]) {
        // SAFETY: see the top of this impl.
        unsafe {
            let [a, b, ..] = *square;
            (square[0], square[1]) = (vzip1q_f64(a, b), vzip2q_f64(a, b));
        }
    }
    #[inline(always)]
    unsafe fn store_halves(a: float64x2_t, b: float64x2_t, low: *mut i32, high: *mut i32) {
        // SAFETY: see the top of this impl; four integers each are written.
        unsafe {
            let (a, b) = (vreinterpretq_s32_f64(a), vreinterpretq_s32_f64(b));
            vst1q_s32(low, vuzp1q_s32(a, b));
            vst1q_s32(high, vuzp2q_s32(a, b));
        }
    }
    #[inline(always)]
    unsafe fn store_low(to: *mut i32, x: float64x2_t) {
        // SAFETY: see the top of this impl; two elements are written.
        unsafe { vst1_s32(to, vmovn_s64(vreinterpretq_s64_f64(x))) }
    }
    #[inline(always)]
    unsafe fn store_f32(to: *mut f32, x: float64x2_t) {
        // SAFETY: see the top of this impl; two elements are written.
        unsafe { vst1_f32(to, vcvt_f32_f64(x)) }
    }
    #[inline(always)]
    unsafe fn low_bytes(eight: &[float64x2_t; 8]) -> u64 {
        // SAFETY: see the top of this impl.
        unsafe {
            let [a, b, c, d, ..] = *eight;
            let (a, b) = (vreinterpretq_s32_f64(a), vreinterpretq_s32_f64(b));
            let (c, d) = (vreinterpretq_s32_f64(c), vreinterpretq_s32_f64(d));
            // The low halves of what is left, three times.
            let (first, last) = (vuzp1q_s32(a, b), vuzp1q_s32(c, d));
            let words = vuzp1q_s16(vreinterpretq_s16_s32(first), vreinterpretq_s16_s32(last));
            vget_lane_u64::<0>(vreinterpret_u64_s8(vmovn_s16(words)))
        }
    }
    #[inline(always)]
    unsafe fn differences(a: *const i32, b: *const i32) -> u32 {
        // SAFETY: see the top of this impl; sixteen integers of each are read.
        unsafe {
            let mut same = [vdupq_n_u32(0); 4];
            for (q, same) in same.iter_mut().enumerate() {
                *same = vceqq_s32(vld1q_s32(a.add(4 * q)), vld1q_s32(b.add(4 * q)));
            }
            !bits_of_sixteen(same) & 0xffff
        }
    }
    #[inline(always)]
    unsafe fn decay(margins: *mut f32, labels: *const i32, losses: *const f32) -> u32 {
        // SAFETY: see the top of this impl; sixteen margins and labels are readable, and the labels are indices of losses.
        unsafe {
            let mut positive = [vdupq_n_u32(0); 4];
            for (q, positive) in positive.iter_mut().enumerate() {
                let own_losses = losses_of::<4>(labels.add(4 * q), losses);
                let at = margins.add(4 * q);
                let own = vmulq_f32(vld1q_f32(at), vdupq_n_f32(DECAY));
                let left = vsubq_f32(own, vld1q_f32(own_losses.as_ptr()));
                vst1q_f32(at, left);
                *positive = vcgtzq_f32(left);
            }
            // NaN is not positive either.
            !bits_of_sixteen(positive) & 0xffff
        }
    }
    #[inline(always)]
    unsafe fn store_labels(to: *mut i32, x: float64x2_t) {
        // SAFETY: see the top of this impl; two 32-bit integers are written.
        unsafe { vst1_s32(to, vmovn_s64(vcvtq_s64_f64(x))) }
    }
}
