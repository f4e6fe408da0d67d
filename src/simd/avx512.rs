//! Eight lanes: AVX-512 F and DQ.

use core::arch::x86_64::*;

use super::kernel::{Absent, InstructionSet};
use super::lanes::widen_each;
use super::products::{Avx2Bytes, Avx512F32, Avx512F64};
use super::{avx2::Avx2, losses_of, portable::Portable, transposed, Lanes, DECAY, FEW_LOSSES};

#[derive(Clone, Copy)]
pub(crate) struct Avx512;

/// Which lanes to take: 0 to 7 of the first vector, 8 to 15 of the second.
///
/// # Safety
/// As for [`Lanes`].
#[inline(always)]
unsafe fn lanes(from: [i64; 8]) -> __m512i {
    // SAFETY: the caller's contract; eight integers are read.
    unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
}

impl InstructionSet for Avx512 {
    type Lanes = Avx512;
    type Single = Avx512F32;
    type Double = Avx512F64;
    type Sketch = Avx2Bytes;
    type Words = Absent;
    type Bytes = Absent;
}

impl Lanes for Avx512 {
    const WIDTH: usize = 8;
    const REGISTERS: usize = 32;
    type Two = Portable;
    type Four = Avx2;
    type F = __m512d;
    type I = __m512i;
    type M = __mmask8;

    // SAFETY (all blocks of this file): the trait's contract gives the CPU feature, and, where a
    // pointer is used, the readable or writable elements; the unaligned forms ask for nothing more.

    #[inline(always)]
    unsafe fn splat(x: f64) -> __m512d {
        // SAFETY: see the top of this impl.
        unsafe { _mm512_set1_pd(x) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f64) -> __m512d {
        // SAFETY: see the top of this impl.
        unsafe { _mm512_loadu_pd(from) }
    }
    #[inline(always)]
    unsafe fn load_f32(from: *const f32) -> __m512d {
        // SAFETY: see the top of this impl.
        unsafe { _mm512_cvtps_pd(_mm256_loadu_ps(from)) }
    }
    #[inline(always)]
    unsafe fn load_u8(from: *const u8) -> __m512d {
        // SAFETY: see the top of this impl; eight bytes are read.
        unsafe { _mm512_cvtepi32_pd(_mm256_cvtepu8_epi32(_mm_loadl_epi64(from.cast()))) }
    }
    #[target_feature(enable = "avx512f")]
    #[inline(never)]
    unsafe fn widen<T: Copy + Into<f64>>(from: &[T], to: *mut f64) {
        // SAFETY: see the top of this impl.
        unsafe { widen_each(from, to) }
    }
    #[inline(always)]
    unsafe fn load_partial(from: *const f64, count: usize) -> __m512d {
        // SAFETY: see the top of this impl; the masked load touches only the first `count` lanes.
        unsafe { _mm512_maskz_loadu_pd(((1u32 << count) - 1) as __mmask8, from) }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f64, x: __m512d) {
        // SAFETY: see the top of this impl.
        unsafe { _mm512_storeu_pd(to, x) }
    }
    #[inline(always)]
    unsafe fn add(a: __m512d, b: __m512d) -> __m512d {
        // SAFETY: see the top of this impl.
        unsafe { _mm512_add_pd(a, b) }
    }
    #[inline(always)]
    unsafe fn sub(a: __m512d, b: __m512d) -> __m512d {
        // SAFETY: see the top of this impl.
        unsafe { _mm512_sub_pd(a, b) }
    }
    #[inline(always)]
    unsafe fn mul(a: __m512d, b: __m512d) -> __m512d {
        // SAFETY: see the top of this impl.
        unsafe { _mm512_mul_pd(a, b) }
    }
    #[inline(always)]
    unsafe fn rounding_error(a: __m512d, b: __m512d, product: __m512d) -> __m512d {
        // SAFETY: see the top of this impl.
        unsafe { _mm512_fmsub_pd(a, b, product) }
    }
    #[inline(always)]
    unsafe fn min(a: __m512d, b: __m512d) -> __m512d {
        // SAFETY: see the top of this impl.
        unsafe { _mm512_min_pd(a, b) }
    }
    #[inline(always)]
    unsafe fn max(a: __m512d, b: __m512d) -> __m512d {
        // SAFETY: see the top of this impl.
        unsafe { _mm512_max_pd(a, b) }
    }
    #[inline(always)]
    unsafe fn abs(x: __m512d) -> __m512d {
        // SAFETY: see the top of this impl.
        unsafe { _mm512_abs_pd(x) }
    }
    #[inline(always)]
    unsafe fn less(a: __m512d, b: __m512d) -> __mmask8 {
        // SAFETY: see the top of this impl.
        unsafe { _mm512_cmp_pd_mask::<_CMP_LT_OQ>(a, b) }
    }
    #[inline(always)]
    unsafe fn select(mask: __mmask8, a: __m512d, b: __m512d) -> __m512d {
        // SAFETY: see the top of this impl.
        unsafe { _mm512_mask_blend_pd(mask, b, a) }
    }
    #[inline(always)]
    unsafe fn whole(magnitude: __m512d) -> __m512d {
        // SAFETY: see the top of this impl. Nothing is kept after the point, to nearest, no exception.
        unsafe { _mm512_roundscale_pd::<0b1000>(magnitude) }
    }
    #[inline(always)]
    unsafe fn lowest_bit(magnitude: __m512d) -> __m512d {
        // SAFETY: see the top of this impl.
        unsafe {
            let bits = _mm512_castpd_si512(magnitude);
            let less_one = _mm512_add_epi64(bits, _mm512_set1_epi64(-1));
            let cleared = _mm512_castsi512_pd(_mm512_and_si512(bits, less_one));
            // A power of two has an empty mantissa, and clearing its lowest bit would spoil the
            // exponent.
            let power = _mm512_testn_epi64_mask(bits, _mm512_set1_epi64((1 << 52) - 1));
            let low = _mm512_mask_mov_pd(_mm512_sub_pd(magnitude, cleared), power, magnitude);
            let zero = _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(magnitude, _mm512_setzero_pd());
            _mm512_mask_mov_pd(low, zero, _mm512_set1_pd(f64::INFINITY))
        }
    }
    #[inline(always)]
    unsafe fn zero_bits() -> __m512i {
        // SAFETY: see the top of this impl.
        unsafe { _mm512_setzero_si512() }
    }
    #[inline(always)]
    unsafe fn load_bits(from: *const i64) -> __m512i {
        // SAFETY: see the top of this impl.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }
    #[inline(always)]
    unsafe fn store_bits(to: *mut i64, x: __m512i) {
        // SAFETY: see the top of this impl.
        unsafe { _mm512_storeu_si512(to.cast(), x) }
    }
    #[inline(always)]
    unsafe fn add_bits(sum: __m512i, x: __m512d) -> __m512i {
        // SAFETY: see the top of this impl.
        unsafe { _mm512_add_epi64(sum, _mm512_castpd_si512(x)) }
    }
    #[inline(always)]
    unsafe fn sub_bits(sum: __m512i, x: __m512d) -> __m512i {
        // SAFETY: see the top of this impl.
        unsafe { _mm512_sub_epi64(sum, _mm512_castpd_si512(x)) }
    }
    #[inline(always)]
    unsafe fn or_bits(bits: __m512i, x: __m512d) -> __m512i {
        // SAFETY: see the top of this impl.
        unsafe { _mm512_or_si512(bits, _mm512_castpd_si512(x)) }
    }
    #[inline(always)]
    unsafe fn none(bits: __m512i) -> bool {
        // SAFETY: see the top of this impl.
        unsafe { _mm512_test_epi64_mask(bits, bits) == 0 }
    }
    #[inline(always)]
    unsafe fn columns<const D: usize>(from: *const f64) -> [__m512d; D] {
        // SAFETY: see the top of this impl.
        let mut columns = [unsafe { Self::splat(0.0) }; D];
        // SAFETY: see the top of this impl; eight points of D doubles are readable. Comments give the lanes by coordinate
        // and point.
        unsafe {
            match &mut columns[..] {
                [x] => *x = Self::load(from),
                [x, y] => {
                    let (a, b) = (Self::load(from), Self::load(from.add(8)));
                    *x = _mm512_permutex2var_pd(a, lanes([0, 2, 4, 6, 8, 10, 12, 14]), b);
                    *y = _mm512_permutex2var_pd(a, lanes([1, 3, 5, 7, 9, 11, 13, 15]), b);
                }
                [x, y, z] => {
                    let (a, b) = (Self::load(from), Self::load(from.add(8)));
                    let c = Self::load(from.add(16));
                    // The first six (five) from a and b, the rest from c.
                    let first = _mm512_permutex2var_pd(a, lanes([0, 3, 6, 9, 12, 15, 0, 0]), b);
                    *x = _mm512_permutex2var_pd(first, lanes([0, 1, 2, 3, 4, 5, 10, 13]), c);
                    let first = _mm512_permutex2var_pd(a, lanes([1, 4, 7, 10, 13, 0, 0, 0]), b);
                    *y = _mm512_permutex2var_pd(first, lanes([0, 1, 2, 3, 4, 8, 11, 14]), c);
                    let first = _mm512_permutex2var_pd(a, lanes([2, 5, 8, 11, 14, 0, 0, 0]), b);
                    *z = _mm512_permutex2var_pd(first, lanes([0, 1, 2, 3, 4, 9, 12, 15]), c);
                }
                [x, y, z, w] => {
                    // x0 x2 z0 z2 x1 x3 z1 z3, and y and w; then x4 and so on.
                    let (a, b) = (Self::load(from), Self::load(from.add(8)));
                    let (c, e) = (Self::load(from.add(16)), Self::load(from.add(24)));
                    let low = [_mm512_unpacklo_pd(a, b), _mm512_unpacklo_pd(c, e)];
                    let high = [_mm512_unpackhi_pd(a, b), _mm512_unpackhi_pd(c, e)];
                    let (first, second) = (
                        lanes([0, 4, 1, 5, 8, 12, 9, 13]),
                        lanes([2, 6, 3, 7, 10, 14, 11, 15]),
                    );
                    *x = _mm512_permutex2var_pd(low[0], first, low[1]);
                    *y = _mm512_permutex2var_pd(high[0], first, high[1]);
                    *z = _mm512_permutex2var_pd(low[0], second, low[1]);
                    *w = _mm512_permutex2var_pd(high[0], second, high[1]);
                }
                _ => return transposed::<Self, D>(from),
            }
        }
        columns
    }
    #[inline(always)]
    unsafe fn transpose(square: &mut [__m512d; 8]) {
        // SAFETY: see the top of this impl.
        unsafe {
            let [a, b, c, d, e, f, g, h] = *square;
            // Even and odd columns apart: p(x, y) of rows x and y is x0 y0 | x2 y2 | x4 y4 | x6 y6, or the odd ones.
            let (even0, odd0) = (_mm512_unpacklo_pd(a, b), _mm512_unpackhi_pd(a, b));
            let (even2, odd2) = (_mm512_unpacklo_pd(c, d), _mm512_unpackhi_pd(c, d));
            let (even4, odd4) = (_mm512_unpacklo_pd(e, f), _mm512_unpackhi_pd(e, f));
            let (even6, odd6) = (_mm512_unpacklo_pd(g, h), _mm512_unpackhi_pd(g, h));
            for (first, pairs) in [
                (0, [even0, even2, even4, even6]),
                (1, [odd0, odd2, odd4, odd6]),
            ] {
                // Quarters 0 and 2, or 1 and 3, of two vectors at a time, twice.
                let near04 = _mm512_shuffle_f64x2::<0x88>(pairs[0], pairs[1]);
                let far04 = _mm512_shuffle_f64x2::<0x88>(pairs[2], pairs[3]);
                let near26 = _mm512_shuffle_f64x2::<0xdd>(pairs[0], pairs[1]);
                let far26 = _mm512_shuffle_f64x2::<0xdd>(pairs[2], pairs[3]);
                square[first] = _mm512_shuffle_f64x2::<0x88>(near04, far04);
                square[first + 4] = _mm512_shuffle_f64x2::<0xdd>(near04, far04);
                square[first + 2] = _mm512_shuffle_f64x2::<0x88>(near26, far26);
                square[first + 6] = _mm512_shuffle_f64x2::<0xdd>(near26, far26);
            }
        }
    }
    #[inline(always)]
    unsafe fn store_halves(a: __m512d, b: __m512d, low: *mut i32, high: *mut i32) {
        // SAFETY: see the top of this impl; sixteen integers each are written.
        unsafe {
            let (a, b) = (_mm512_castpd_si512(a), _mm512_castpd_si512(b));
            let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            let odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
            _mm512_storeu_si512(low.cast(), _mm512_permutex2var_epi32(a, even, b));
            _mm512_storeu_si512(high.cast(), _mm512_permutex2var_epi32(a, odd, b));
        }
    }
    #[inline(always)]
    unsafe fn store_low(to: *mut i32, x: __m512d) {
        // SAFETY: see the top of this impl; eight elements are written.
        unsafe { _mm256_storeu_si256(to.cast(), _mm512_cvtepi64_epi32(_mm512_castpd_si512(x))) }
    }
    #[inline(always)]
    unsafe fn store_f32(to: *mut f32, x: __m512d) {
        // SAFETY: see the top of this impl; eight elements are written.
        unsafe { _mm256_storeu_ps(to, _mm512_cvtpd_ps(x)) }
    }
    #[inline(always)]
    unsafe fn low_bytes(eight: &[__m512d; 8]) -> u64 {
        // SAFETY: see the top of this impl.
        unsafe {
            let bytes = _mm512_cvtepi64_epi8(_mm512_castpd_si512(eight[0]));
            _mm_cvtsi128_si64(bytes) as u64
        }
    }
    #[inline(always)]
    unsafe fn differences(a: *const i32, b: *const i32) -> u32 {
        // SAFETY: see the top of this impl; sixteen integers of each are read.
        unsafe {
            let (a, b) = (_mm512_loadu_si512(a.cast()), _mm512_loadu_si512(b.cast()));
            u32::from(_mm512_cmpneq_epi32_mask(a, b))
        }
    }
    #[inline(always)]
    unsafe fn list(to: *mut u32, first: u32, bits: u32) -> usize {
        // SAFETY: see the top of this impl; sixteen elements are writable.
        unsafe {
            let counting = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            let all = _mm512_add_epi32(counting, _mm512_set1_epi32(first as i32));
            let some = _mm512_maskz_compress_epi32(bits as u16, all);
            _mm512_storeu_si512(to.cast(), some);
        }
        bits.count_ones() as usize
    }
    #[inline(always)]
    unsafe fn decay(margins: *mut f32, labels: *const i32, losses: *const f32) -> u32 {
        // SAFETY: see the top of this impl; sixteen margins and labels are readable, and the labels are indices of losses.
        unsafe {
            let own_losses = losses_of::<16>(labels, losses);
            lower(margins, _mm512_loadu_ps(own_losses.as_ptr()))
        }
    }
    const HOLDS_FEW: bool = true;
    #[inline(always)]
    unsafe fn decay_few(margins: *mut f32, labels: *const i32, losses: *const f32) -> u32 {
        // SAFETY: see the top of this impl; sixteen margins and labels are readable, and so are 128 losses. Whatever the labels are, a permutation takes a loss
        // of two vectors by the lowest five bits, and the next two bits choose among these.
        unsafe {
            let labels = _mm512_loadu_si512(labels.cast());
            let mut quarters = [_mm512_setzero_ps(); 4];
            for (q, quarter) in quarters.iter_mut().enumerate() {
                let from = losses.add(32 * q);
                let halves = [_mm512_loadu_ps(from), _mm512_loadu_ps(from.add(16))];
                *quarter = _mm512_permutex2var_ps(halves[0], labels, halves[1]);
            }
            let bits = [
                _mm512_test_epi32_mask(labels, _mm512_set1_epi32(32)),
                _mm512_test_epi32_mask(labels, _mm512_set1_epi32(64)),
            ];
            let low = _mm512_mask_mov_ps(quarters[0], bits[0], quarters[1]);
            let high = _mm512_mask_mov_ps(quarters[2], bits[0], quarters[3]);
            let own = _mm512_mask_mov_ps(low, bits[1], high);
            let none = _mm512_test_epi32_mask(labels, _mm512_set1_epi32(-(FEW_LOSSES as i32)));
            lower(
                margins,
                _mm512_mask_mov_ps(own, none, _mm512_set1_ps(f32::INFINITY)),
            )
        }
    }
    #[inline(always)]
    unsafe fn store_labels(to: *mut i32, x: __m512d) {
        // SAFETY: see the top of this impl; eight 32-bit integers are written.
        unsafe { _mm256_storeu_si256(to.cast(), _mm512_cvttpd_epi32(x)) }
    }
}

/// [`Lanes::decay`] by these losses, one for each margin.
///
/// # Safety
/// The caller is compiled for AVX-512; sixteen margins are readable and writable.
#[inline(always)]
unsafe fn lower(margins: *mut f32, losses: __m512) -> u32 {
    // SAFETY: the contract.
    unsafe {
        let own = _mm512_mul_ps(_mm512_loadu_ps(margins), _mm512_set1_ps(DECAY));
        let left = _mm512_sub_ps(own, losses);
        _mm512_storeu_ps(margins, left);
        u32::from(_mm512_cmp_ps_mask::<_CMP_NGT_UQ>(left, _mm512_setzero_ps()))
    }
}
