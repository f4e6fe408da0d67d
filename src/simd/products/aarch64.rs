//! Vectors for tests on AArch64: NEON, and its instructions for sums of products of bytes, four of them or of matrices.

use super::{Integers, Screen, MOST_BOUND};
use core::arch::aarch64::*;
use core::arch::asm;

/// A bit for each of four lanes, which are all ones or zero.
#[inline(always)]
unsafe fn bits_of_four(mask: uint32x4_t) -> u32 {
    // SAFETY: the caller is compiled for the instruction set.
    unsafe {
        let of_lanes = vcombine_u32(vcreate_u32(0x2_0000_0001), vcreate_u32(0x8_0000_0004));
        vaddvq_u32(vandq_u32(mask, of_lanes))
    }
}

/// A bit for each of two lanes.
#[inline(always)]
unsafe fn bits_of_two(mask: uint64x2_t) -> u32 {
    // SAFETY: the caller is compiled for the instruction set.
    unsafe {
        let of_lanes = vcombine_u64(vcreate_u64(1), vcreate_u64(2));
        vaddvq_u64(vandq_u64(mask, of_lanes)) as u32
    }
}

/// A bit for each of sixteen lanes.
///
/// # Safety
/// The caller is compiled for NEON.
#[inline(always)]
pub(crate) unsafe fn bits_of_sixteen(masks: [uint32x4_t; 4]) -> u32 {
    // SAFETY: the contract.
    unsafe {
        let [a, b, c, d] = masks;
        let low = vuzp1q_u16(vreinterpretq_u16_u32(a), vreinterpretq_u16_u32(b));
        let high = vuzp1q_u16(vreinterpretq_u16_u32(c), vreinterpretq_u16_u32(d));
        let bytes = vuzp1q_u8(vreinterpretq_u8_u16(low), vreinterpretq_u8_u16(high));
        let of_lanes = vdupq_n_u64(0x8040_2010_0804_0201);
        let bits = vandq_u8(bytes, vreinterpretq_u8_u64(of_lanes));
        let halves = [vget_low_u8(bits), vget_high_u8(bits)];
        u32::from(vaddv_u8(halves[0])) | u32::from(vaddv_u8(halves[1])) << 8
    }
}

/// The operations whose instructions have their arguments in another order, or are two: NEON's own minimum is NaN where either is.
macro_rules! floats {
    ($vector:ident, $mul_add:ident, $min:ident, $max:ident, $fma:ident, $less:ident, $greater:ident, $select:ident) => {
        #[inline(always)]
        unsafe fn $mul_add(a: $vector, b: $vector, c: $vector) -> $vector {
            // SAFETY: the caller is compiled for the instruction set.
            unsafe { $fma(c, a, b) }
        }
        #[inline(always)]
        unsafe fn $min(a: $vector, b: $vector) -> $vector {
            // SAFETY: the caller is compiled for the instruction set.
            unsafe { $select($less(a, b), a, b) }
        }
        #[inline(always)]
        unsafe fn $max(a: $vector, b: $vector) -> $vector {
            // SAFETY: the caller is compiled for the instruction set.
            unsafe { $select($greater(a, b), a, b) }
        }
    };
}
floats!(
    float64x2_t,
    mul_add_f64,
    min_f64,
    max_f64,
    vfmaq_f64,
    vcltq_f64,
    vcgtq_f64,
    vbslq_f64
);
floats!(
    float32x4_t,
    mul_add_f32,
    min_f32,
    max_f32,
    vfmaq_f32,
    vcltq_f32,
    vcgtq_f32,
    vbslq_f32
);

vectors!(
    NeonF64,
    f64,
    float64x2_t,
    2,
    32,
    vdupq_n_f64,
    vld1q_f64,
    vst1q_f64,
    mul_add_f64,
    vaddq_f64,
    vsubq_f64,
    min_f64,
    max_f64,
    |to, x| vst1_s32(to, vmovn_s64(vcvtq_s64_f64(x))),
    |a, b, x, y| vbslq_f64(vcltq_f64(a, b), x, y),
    |a, b| !bits_of_two(vcgtq_f64(a, b)) & 0b11
);
vectors!(
    NeonF32,
    f32,
    float32x4_t,
    4,
    32,
    vdupq_n_f32,
    vld1q_f32,
    vst1q_f32,
    mul_add_f32,
    vaddq_f32,
    vsubq_f32,
    min_f32,
    max_f32,
    |to, x| vst1q_s32(to, vcvtq_s32_f32(x)),
    |a, b, x, y| vbslq_f32(vcltq_f32(a, b), x, y),
    |a, b| !bits_of_four(vcgtq_f32(a, b)) & 0b1111
);

/// Bytes with 128 added as the signed bytes that they are of.
#[inline(always)]
unsafe fn signed(x: int32x4_t) -> int8x16_t {
    // SAFETY: the caller is compiled for the instruction set.
    unsafe { veorq_s8(vreinterpretq_s8_s32(x), vdupq_n_s8(-128)) }
}

/// `c` plus, in each lane, the products of four signed bytes, those of `a` less 128. (Without products of matrices NEON has none of signed bytes with
/// unsigned ones, as x86-64 has.)
#[inline(always)]
unsafe fn dot_neon(a: int32x4_t, b: int32x4_t, c: int32x4_t) -> int32x4_t {
    // SAFETY: the caller is compiled for the instruction set.
    unsafe {
        let (a, b) = (signed(a), vreinterpretq_s8_s32(b));
        // Sums of two products are below 2^15: 128 meets no byte of more than 127.
        let low = vmull_s8(vget_low_s8(a), vget_low_s8(b));
        let high = vmull_high_s8(a, b);
        vpadalq_s16(c, vpaddq_s16(low, high))
    }
}

/// An instruction that adds products of bytes of `a` and `b` to `c`. Its intrinsic is not stable.
macro_rules! instruction {
    ($(#[$doc:meta])* $name:ident, $instruction:literal) => {
        $(#[$doc])*
        #[inline(always)]
        unsafe fn $name(a: int32x4_t, b: int32x4_t, mut c: int32x4_t) -> int32x4_t {
            // SAFETY: the caller is compiled for the instruction set; the instruction only computes.
            unsafe {
                asm!(
                    concat!($instruction, " {c:v}.4s, {a:v}.16b, {b:v}.16b"),
                    c = inout(vreg) c, a = in(vreg) a, b = in(vreg) b,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            c
        }
    };
}
instruction!(
    /// `c` plus, in each lane, the products of four signed bytes.
    signed_dot_product,
    "sdot"
);
instruction!(
    /// The same where the bytes of `b` alone are signed.
    mixed_dot_product,
    "usdot"
);
instruction!(
    /// `c` plus the products of two times eight bytes with as many signed ones, of each eight with each.
    mixed_matrix_product,
    "usmmla"
);

/// What [`dot_neon`] does, by one instruction for the products.
#[inline(always)]
unsafe fn dot_product(a: int32x4_t, b: int32x4_t, c: int32x4_t) -> int32x4_t {
    // SAFETY: the caller is compiled for the instruction set.
    unsafe { signed_dot_product(vreinterpretq_s32_s8(signed(a)), b, c) }
}

/// Vectors of four bytes a lane, with this function for products; sums and comparisons are of 32-bit integers, and exact.
macro_rules! bytes {
    ($name:ident, $dot:ident, { $($more:tt)* }) => {
        vectors!(
            $name,
            i32,
            int32x4_t,
            4,
            32,
            vdupq_n_s32,
            vld1q_s32,
            vst1q_s32,
            $dot,
            vaddq_s32,
            vsubq_s32,
            vminq_s32,
            vmaxq_s32,
            |to, x| vst1q_s32(to, x),
            |a, b, x, y| vbslq_s32(vcltq_s32(a, b), x, y),
            |a, b| !bits_of_four(vcgtq_s32(a, b)) & 0b1111,
            { $($more)* }
        );
    };
}
bytes!(NeonBytes, dot_neon, {
    const OFFSET: i32 = 0;
});
bytes!(NeonDot, dot_product, {
    const OFFSET: i32 = 0;
});
bytes!(NeonMatrices, mixed_dot_product, {
    const MATRICES: bool = true;

    #[inline(always)]
    unsafe fn multiply_two(points: int32x4_t, centers: int32x4_t, sums: int32x4_t) -> int32x4_t {
        // SAFETY: the contract.
        unsafe { mixed_matrix_product(points, centers, sums) }
    }
    #[inline(always)]
    unsafe fn load_two(from: *const i32) -> int32x4_t {
        // SAFETY: the contract; no alignment is needed.
        unsafe { vreinterpretq_s32_s64(vdupq_n_s64(from.cast::<i64>().read_unaligned())) }
    }
    #[inline(always)]
    unsafe fn part(first: int32x4_t, others: int32x4_t) -> [int32x4_t; 2] {
        // SAFETY: the contract.
        unsafe { [vuzp1q_s32(first, others), vuzp2q_s32(first, others)] }
    }
});

/// The operations of sketches.
macro_rules! integers {
    ($name:ident, $fine:literal) => {
        impl Integers for $name {
            const FINE: bool = $fine;

            #[inline(always)]
            unsafe fn error_bound(
                norms: *const f32,
                errors: *const f32,
                per: [f32; 3],
            ) -> int32x4_t {
                // SAFETY: the caller is compiled for the instruction set, and vouches for the elements.
                unsafe {
                    let error = vmulq_n_f32(vld1q_f32(errors), per[1]);
                    let both = vfmaq_n_f32(error, vld1q_f32(norms), per[0]);
                    let error_bound = vaddq_f32(both, vdupq_n_f32(per[2]));
                    vcvtq_s32_f32(min_f32(error_bound, vdupq_n_f32(MOST_BOUND)))
                }
            }
            #[inline(always)]
            unsafe fn refine(high: int32x4_t, low: int32x4_t) -> int32x4_t {
                // SAFETY: the caller is compiled for the instruction set.
                unsafe { vsraq_n_s32::<7>(high, low) }
            }
            #[inline(always)]
            unsafe fn accumulate(sums: *mut f32, weights: Option<*const f32>, x: &[int32x4_t]) {
                // SAFETY: the caller is compiled for the instruction set, and vouches for the elements.
                unsafe {
                    let mut sum = vld1q_f32(sums);
                    let mut g = 0;
                    while g < x.len() {
                        let x = vcvtq_f32_s32(x[g]);
                        sum = match weights {
                            None => vaddq_f32(x, sum),
                            Some(weights) => vfmaq_f32(sum, x, vld1q_f32(weights.add(4 * g))),
                        };
                        g += 1;
                    }
                    vst1q_f32(sums, sum);
                }
            }
        }
    };
}

integers!(NeonBytes, false);
integers!(NeonDot, true);
