//! Four lanes: AVX2. (The level has FMA too, which tests use. Here only the rounding error of a product is computed with it, exactly.)

use core::arch::x86_64::*;

use super::kernel::{Absent, InstructionSet};
use super::lanes::widen_each;
use super::products::{Avx2Bytes, Avx2F32, Avx2F64, Avx2Pairs};
use super::{losses_of, portable::Portable, transposed, Lanes, DECAY};

#[derive(Clone, Copy)]
pub(crate) struct Avx2;

/// The first and the third pair of doubles from memory. (A closure in its place was not inlined, and made calls of intrinsics.)
///
/// # Safety
/// As for [`Lanes`]; six doubles are readable.
#[inline(always)]
unsafe fn alternate(from: *const f64) -> __m256d {
    // SAFETY: the contract.
    unsafe {
        let first = _mm256_castpd128_pd256(_mm_loadu_pd(from));
        _mm256_insertf128_pd::<1>(first, _mm_loadu_pd(from.add(4)))
    }
}

impl InstructionSet for Avx2 {
    type Lanes = Avx2;
    type Single = Avx2F32;
    type Double = Avx2F64;
    type Sketch = Avx2Bytes;
    type Words = Avx2Pairs;
    type Bytes = Absent;
}

impl Lanes for Avx2 {
    const WIDTH: usize = 4;
    const REGISTERS: usize = 16;
    type Two = Portable;
    type Four = Avx2;
    type F = __m256d;
    type I = __m256i;
    type M = __m256d;

    // SAFETY (all blocks of this file): the trait's contract gives the CPU feature, and, where a
    // pointer is used, the readable or writable elements; the unaligned forms ask for nothing more.

    #[inline(always)]
    unsafe fn splat(x: f64) -> __m256d {
        // SAFETY: see the top of this impl.
        unsafe { _mm256_set1_pd(x) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f64) -> __m256d {
        // SAFETY: see the top of this impl.
        unsafe { _mm256_loadu_pd(from) }
    }
    #[inline(always)]
    unsafe fn load_f32(from: *const f32) -> __m256d {
        // SAFETY: see the top of this impl.
        unsafe { _mm256_cvtps_pd(_mm_loadu_ps(from)) }
    }
    #[inline(always)]
    unsafe fn load_u8(from: *const u8) -> __m256d {
        // SAFETY: see the top of this impl; four bytes are read.
        unsafe {
            let bytes = _mm_cvtsi32_si128(from.cast::<i32>().read_unaligned());
            _mm256_cvtepi32_pd(_mm_cvtepu8_epi32(bytes))
        }
    }
    #[target_feature(enable = "avx2")]
    #[inline(never)]
    unsafe fn widen<T: Copy + Into<f64>>(from: &[T], to: *mut f64) {
        // SAFETY: see the top of this impl.
        unsafe { widen_each(from, to) }
    }
    #[inline(always)]
    unsafe fn load_partial(from: *const f64, count: usize) -> __m256d {
        // SAFETY: see the top of this impl; maskload touches only lanes whose mask bit is set, and
        // lane i is set only for i < count.
        unsafe {
            let lane = _mm256_set_epi64x(3, 2, 1, 0);
            let mask = _mm256_cmpgt_epi64(_mm256_set1_epi64x(count as i64), lane);
            _mm256_maskload_pd(from, mask)
        }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f64, x: __m256d) {
        // SAFETY: see the top of this impl.
        unsafe { _mm256_storeu_pd(to, x) }
    }
    #[inline(always)]
    unsafe fn add(a: __m256d, b: __m256d) -> __m256d {
        // SAFETY: see the top of this impl.
        unsafe { _mm256_add_pd(a, b) }
    }
    #[inline(always)]
    unsafe fn sub(a: __m256d, b: __m256d) -> __m256d {
        // SAFETY: see the top of this impl.
        unsafe { _mm256_sub_pd(a, b) }
    }
    #[inline(always)]
    unsafe fn mul(a: __m256d, b: __m256d) -> __m256d {
        // SAFETY: see the top of this impl.
        unsafe { _mm256_mul_pd(a, b) }
    }
    #[inline(always)]
    unsafe fn rounding_error(a: __m256d, b: __m256d, product: __m256d) -> __m256d {
        // SAFETY: see the top of this impl; the level has FMA, too.
        unsafe { _mm256_fmsub_pd(a, b, product) }
    }
    #[inline(always)]
    unsafe fn min(a: __m256d, b: __m256d) -> __m256d {
        // SAFETY: see the top of this impl.
        unsafe { _mm256_min_pd(a, b) }
    }
    #[inline(always)]
    unsafe fn max(a: __m256d, b: __m256d) -> __m256d {
        // SAFETY: see the top of this impl.
        unsafe { _mm256_max_pd(a, b) }
    }
    #[inline(always)]
    unsafe fn abs(x: __m256d) -> __m256d {
        // SAFETY: see the top of this impl.
        unsafe { _mm256_andnot_pd(_mm256_set1_pd(-0.0), x) }
    }
    #[inline(always)]
    unsafe fn less(a: __m256d, b: __m256d) -> __m256d {
        // SAFETY: see the top of this impl.
        unsafe { _mm256_cmp_pd::<_CMP_LT_OQ>(a, b) }
    }
    #[inline(always)]
    unsafe fn select(mask: __m256d, a: __m256d, b: __m256d) -> __m256d {
        // SAFETY: see the top of this impl.
        unsafe { _mm256_blendv_pd(b, a, mask) }
    }
    #[inline(always)]
    unsafe fn whole(magnitude: __m256d) -> __m256d {
        // SAFETY: see the top of this impl.
        unsafe { _mm256_round_pd::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(magnitude) }
    }
    #[inline(always)]
    unsafe fn lowest_bit(magnitude: __m256d) -> __m256d {
        // SAFETY: see the top of this impl.
        unsafe {
            let bits = _mm256_castpd_si256(magnitude);
            let less_one = _mm256_add_epi64(bits, _mm256_set1_epi64x(-1));
            let cleared = _mm256_castsi256_pd(_mm256_and_si256(bits, less_one));
            // A power of two has an empty mantissa, and clearing its lowest bit would spoil the
            // exponent.
            let mantissa = _mm256_and_si256(bits, _mm256_set1_epi64x((1 << 52) - 1));
            let power = _mm256_cmpeq_epi64(mantissa, _mm256_setzero_si256());
            let low = _mm256_blendv_pd(
                _mm256_sub_pd(magnitude, cleared),
                magnitude,
                _mm256_castsi256_pd(power),
            );
            let zero = _mm256_cmp_pd::<_CMP_EQ_OQ>(magnitude, _mm256_setzero_pd());
            _mm256_blendv_pd(low, _mm256_set1_pd(f64::INFINITY), zero)
        }
    }
    #[inline(always)]
    unsafe fn zero_bits() -> __m256i {
        // SAFETY: see the top of this impl.
        unsafe { _mm256_setzero_si256() }
    }
    #[inline(always)]
    unsafe fn load_bits(from: *const i64) -> __m256i {
        // SAFETY: see the top of this impl.
        unsafe { _mm256_loadu_si256(from.cast()) }
    }
    #[inline(always)]
    unsafe fn store_bits(to: *mut i64, x: __m256i) {
        // SAFETY: see the top of this impl.
        unsafe { _mm256_storeu_si256(to.cast(), x) }
    }
    #[inline(always)]
    unsafe fn add_bits(sum: __m256i, x: __m256d) -> __m256i {
        // SAFETY: see the top of this impl.
        unsafe { _mm256_add_epi64(sum, _mm256_castpd_si256(x)) }
    }
    #[inline(always)]
    unsafe fn sub_bits(sum: __m256i, x: __m256d) -> __m256i {
        // SAFETY: see the top of this impl.
        unsafe { _mm256_sub_epi64(sum, _mm256_castpd_si256(x)) }
    }
    #[inline(always)]
    unsafe fn or_bits(bits: __m256i, x: __m256d) -> __m256i {
        // SAFETY: see the top of this impl.
        unsafe { _mm256_or_si256(bits, _mm256_castpd_si256(x)) }
    }
    #[inline(always)]
    unsafe fn none(bits: __m256i) -> bool {
        // SAFETY: see the top of this impl.
        unsafe { _mm256_testz_si256(bits, bits) != 0 }
    }
    #[inline(always)]
    unsafe fn columns<const D: usize>(from: *const f64) -> [__m256d; D] {
        // SAFETY: see the top of this impl.
        let mut columns = [unsafe { Self::splat(0.0) }; D];
        // SAFETY: see the top of this impl; four points of D doubles are readable. Comments give the lanes by coordinate
        // and point.
        unsafe {
            match &mut columns[..] {
                [x] => *x = _mm256_loadu_pd(from),
                [x, y] => {
                    let (even, odd) = (alternate(from), alternate(from.add(2))); // x0 y0 x2 y2, x1 y1 x3 y3
                    *x = _mm256_unpacklo_pd(even, odd);
                    *y = _mm256_unpackhi_pd(even, odd);
                }
                [x, y, z] => {
                    let (a, b) = (_mm256_loadu_pd(from), _mm256_loadu_pd(from.add(4)));
                    let c = _mm256_loadu_pd(from.add(8));
                    let xy = _mm256_blend_pd::<0b1100>(a, b); // x0 y0 x2 y2
                    let zx = _mm256_permute2f128_pd::<0x21>(a, c); // z0 x1 z2 x3
                    let yz = _mm256_blend_pd::<0b1100>(b, c); // y1 z1 y3 z3
                    *x = _mm256_blend_pd::<0b1010>(xy, zx);
                    *y = _mm256_shuffle_pd::<0b0101>(xy, yz);
                    *z = _mm256_blend_pd::<0b1010>(zx, yz);
                }
                _ => return transposed::<Self, D>(from),
            }
        }
        columns
    }
    #[inline(always)]
    unsafe fn transpose(square: &mut [__m256d; 8]) {
        // SAFETY: see the top of this impl.
        unsafe {
            let [a, b, c, d, ..] = *square;
            // Pairs of rows interleaved (a0 b0 a2 b2), then halves exchanged.
            let (ab, ab1) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
            let (cd, cd1) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
            square[0] = _mm256_permute2f128_pd::<0x20>(ab, cd);
            square[1] = _mm256_permute2f128_pd::<0x20>(ab1, cd1);
            square[2] = _mm256_permute2f128_pd::<0x31>(ab, cd);
            square[3] = _mm256_permute2f128_pd::<0x31>(ab1, cd1);
        }
    }
    #[inline(always)]
    unsafe fn store_halves(a: __m256d, b: __m256d, low: *mut i32, high: *mut i32) {
        // SAFETY: see the top of this impl; eight integers each are written.
        unsafe {
            let (a, b) = (_mm256_castpd_ps(a), _mm256_castpd_ps(b));
            // Of each half of the two: a0 a1 b0 b1, whose pairs are then put in order.
            let halves =
                |x: __m256| _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_castps_si256(x));
            _mm256_storeu_si256(low.cast(), halves(_mm256_shuffle_ps::<0b10_00_10_00>(a, b)));
            _mm256_storeu_si256(
                high.cast(),
                halves(_mm256_shuffle_ps::<0b11_01_11_01>(a, b)),
            );
        }
    }
    #[inline(always)]
    unsafe fn store_low(to: *mut i32, x: __m256d) {
        // SAFETY: see the top of this impl; four elements are written.
        unsafe {
            let low = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
            let low = _mm256_permutevar8x32_epi32(_mm256_castpd_si256(x), low);
            _mm_storeu_si128(to.cast(), _mm256_castsi256_si128(low));
        }
    }
    #[inline(always)]
    unsafe fn store_f32(to: *mut f32, x: __m256d) {
        // SAFETY: see the top of this impl; four elements are written.
        unsafe { _mm_storeu_ps(to, _mm256_cvtpd_ps(x)) }
    }
    #[inline(always)]
    unsafe fn differences(a: *const i32, b: *const i32) -> u32 {
        // SAFETY: see the top of this impl; sixteen integers of each are read.
        unsafe {
            let mut same = 0;
            for half in [0, 8] {
                let a = _mm256_loadu_si256(a.add(half).cast());
                let b = _mm256_loadu_si256(b.add(half).cast());
                let equal = _mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b));
                same |= (_mm256_movemask_ps(equal) as u32) << half;
            }
            !same & 0xffff
        }
    }
    #[inline(always)]
    unsafe fn decay(margins: *mut f32, labels: *const i32, losses: *const f32) -> u32 {
        // SAFETY: see the top of this impl; sixteen margins and labels are readable, and the labels are indices of losses.
        unsafe {
            let mut without_margin = 0;
            for half in [0, 8] {
                let own_losses = losses_of::<8>(labels.add(half), losses);
                let losses = _mm256_loadu_ps(own_losses.as_ptr());
                let at = margins.add(half);
                let own = _mm256_mul_ps(_mm256_loadu_ps(at), _mm256_set1_ps(DECAY));
                let left = _mm256_sub_ps(own, losses);
                _mm256_storeu_ps(at, left);
                let positive = _mm256_cmp_ps::<_CMP_NGT_UQ>(left, _mm256_setzero_ps());
                without_margin |= (_mm256_movemask_ps(positive) as u32) << half;
            }
            without_margin
        }
    }
    #[inline(always)]
    unsafe fn store_labels(to: *mut i32, x: __m256d) {
        // SAFETY: see the top of this impl; four 32-bit integers are written.
        unsafe { _mm_storeu_si128(to.cast(), _mm256_cvttpd_epi32(x)) }
    }
}
