//! Vectors for tests on x86-64: AVX2, AVX-VNNI, AVX-512, AVX-512 VNNI, AMX.

use super::{Integers, Pair, Screen, MOST_BOUND, TILE, TILES};
use crate::simd::tiles;
use core::arch::x86_64::*;
use core::mem::MaybeUninit;

vectors!(
    Avx2F64,
    f64,
    __m256d,
    4,
    16,
    _mm256_set1_pd,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_fmadd_pd,
    _mm256_add_pd,
    _mm256_sub_pd,
    _mm256_min_pd,
    _mm256_max_pd,
    |to, x| _mm_storeu_si128(to.cast(), _mm256_cvttpd_epi32(x)),
    |a, b, x, y| _mm256_blendv_pd(y, x, _mm256_cmp_pd::<_CMP_LT_OQ>(a, b)),
    |a, b| _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_NGT_UQ>(a, b))
);
vectors!(
    Avx2F32,
    f32,
    __m256,
    8,
    16,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_fmadd_ps,
    _mm256_add_ps,
    _mm256_sub_ps,
    _mm256_min_ps,
    _mm256_max_ps,
    |to, x| _mm256_storeu_si256(to.cast(), _mm256_cvttps_epi32(x)),
    |a, b, x, y| _mm256_blendv_ps(y, x, _mm256_cmp_ps::<_CMP_LT_OQ>(a, b)),
    |a, b| _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_NGT_UQ>(a, b))
);
vectors!(
    Avx512F64,
    f64,
    __m512d,
    8,
    32,
    _mm512_set1_pd,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    _mm512_fmadd_pd,
    _mm512_add_pd,
    _mm512_sub_pd,
    _mm512_min_pd,
    _mm512_max_pd,
    |to, x| _mm256_storeu_si256(to.cast(), _mm512_cvttpd_epi32(x)),
    |a, b, x, y| _mm512_mask_mov_pd(y, _mm512_cmp_pd_mask::<_CMP_LT_OQ>(a, b), x),
    |a, b| _mm512_cmp_pd_mask::<_CMP_NGT_UQ>(a, b)
);
vectors!(
    Avx512F32,
    f32,
    __m512,
    16,
    32,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_fmadd_ps,
    _mm512_add_ps,
    _mm512_sub_ps,
    _mm512_min_ps,
    _mm512_max_ps,
    |to, x| _mm512_storeu_si512(to.cast(), _mm512_cvttps_epi32(x)),
    |a, b, x, y| _mm512_mask_mov_ps(y, _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b), x),
    |a, b| _mm512_cmp_ps_mask::<_CMP_NGT_UQ>(a, b)
);

/// `c` plus, in each lane, the products of four unsigned bytes of `a` with four signed ones of `b`.
#[inline(always)]
unsafe fn dot_bytes(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    // SAFETY: the caller is compiled for the instruction set.
    unsafe { _mm512_dpbusd_epi32(c, a, b) }
}
#[inline(always)]
unsafe fn load_bytes(from: *const i32) -> __m512i {
    // SAFETY: the caller is compiled for the instruction set, and vouches for the elements.
    unsafe { _mm512_loadu_si512(from.cast()) }
}
#[inline(always)]
unsafe fn store_bytes(to: *mut i32, x: __m512i) {
    // SAFETY: the caller is compiled for the instruction set, and vouches for the elements.
    unsafe { _mm512_storeu_si512(to.cast(), x) }
}
/// Vectors of four bytes a lane, 512 bits, AVX-512 VNNI; sums and comparisons are of 32-bit integers, and exact.
macro_rules! wide_bytes {
    ($name:ident, $registers:expr $(, { $($more:tt)* })?) => {
        vectors!(
            $name,
            i32,
            __m512i,
            16,
            $registers,
            _mm512_set1_epi32,
            load_bytes,
            store_bytes,
            dot_bytes,
            _mm512_add_epi32,
            _mm512_sub_epi32,
            _mm512_min_epi32,
            _mm512_max_epi32,
            |to, x| _mm512_storeu_si512(to.cast(), x),
            |a, b, x, y| _mm512_mask_mov_epi32(y, _mm512_cmplt_epi32_mask(a, b), x),
            |a, b| _mm512_cmple_epi32_mask(a, b)
            $(, { $($more)* })?
        );
    };
}
wide_bytes!(Vnni, 32);

// The same, with products of many centers by tiles.
wide_bytes!(AmxBytes, TILES, {
    #[inline(always)]
    unsafe fn multiply<const C: usize, const G: usize>(
        centers: [*const i32; C],
        groups: [*const i32; G],
        _: usize,
        elements: usize,
        sums: *mut i32,
    ) {
        // SAFETY: the contract.
        unsafe { tiles::multiply(centers, groups, elements, sums) }
    }
    #[inline(always)]
    unsafe fn get_ready(rows: usize, elements: usize) {
        // SAFETY: the level of these vectors is there only if the process is permitted to use tiles.
        unsafe { tiles::configure(rows, elements) }
    }
    #[inline(always)]
    unsafe fn finish_up() {
        // SAFETY: the contract.
        unsafe { tiles::release() }
    }
});

/// `c` plus, in each lane, the products of the two integers of `a` with those of `b`.
#[inline(always)]
unsafe fn dot_words(a: __m512, b: __m512, c: __m512) -> __m512 {
    // SAFETY: the caller is compiled for the instruction set.
    unsafe {
        let (a, b, c) = (
            _mm512_castps_si512(a),
            _mm512_castps_si512(b),
            _mm512_castps_si512(c),
        );
        _mm512_castsi512_ps(_mm512_dpwssd_epi32(c, a, b))
    }
}
/// The sums of the integers whose bits these are.
#[inline(always)]
unsafe fn joined_512(a: __m512, b: __m512) -> __m512 {
    // SAFETY: the caller is compiled for the instruction set.
    unsafe {
        let (a, b) = (_mm512_castps_si512(a), _mm512_castps_si512(b));
        _mm512_castsi512_ps(_mm512_add_epi32(a, b))
    }
}
/// The integers whose bits are `x`, times `by`.
#[inline(always)]
unsafe fn scaled_512(x: __m512, by: __m512) -> __m512 {
    // SAFETY: the caller is compiled for the instruction set.
    unsafe { _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_castps_si512(x)), by) }
}
pairs!(VnniPairs, Avx512F32, 32, dot_words, joined_512, scaled_512);

// The same, with products of many centers by tiles.
pairs!(
    AmxPairs,
    Avx512F32,
    TILES,
    dot_words,
    joined_512,
    scaled_512,
    {
        #[inline(always)]
        unsafe fn multiply<const C: usize, const G: usize>(
            centers: [*const Pair; C],
            groups: [*const Pair; G],
            rows: usize,
            elements: usize,
            sums: *mut Pair,
        ) {
            // Sums of products of high bytes, of high bytes with low ones, and of low bytes.
            let mut parts = Parts([const { MaybeUninit::uninit() }; 3 * TILE * TILE]);
            let parts = parts.0.as_mut_ptr().cast::<i32>();
            for (b, &center) in centers.iter().enumerate() {
                for (g, &group) in groups.iter().enumerate() {
                    // SAFETY: the contract; the tiles are of the elements of either half of a center. A row of each part is there for each row of a tile.
                    unsafe {
                        tiles::multiply_halves(center.cast(), group.cast(), elements, parts);
                        for c in 0..rows {
                            let part = |at: usize| load_bytes(parts.add((at * TILE + c) * TILE));
                            let [high, middle, low] = [part(0), part(1), part(2)];
                            let middle = _mm512_slli_epi32::<8>(middle);
                            let high = _mm512_slli_epi32::<16>(high);
                            let sum = _mm512_add_epi32(_mm512_add_epi32(low, middle), high);
                            let mut sum = _mm512_castsi512_ps(sum);
                            if !elements.is_multiple_of(2) {
                                let x = Self::load(group.add((elements - 1) * TILE));
                                let last = *center.add((c + 1) * elements - 1);
                                sum = Self::mul_add(x, Self::splat(last), sum);
                            }
                            Self::store(sums.add(((b * TILE + c) * G + g) * TILE), sum);
                        }
                    }
                }
            }
        }
        #[inline(always)]
        unsafe fn get_ready(rows: usize, elements: usize) {
            // SAFETY: the level of these vectors is there only if the process is permitted to use tiles.
            unsafe { tiles::configure(rows, elements / 2) }
        }
        #[inline(always)]
        unsafe fn finish_up() {
            // SAFETY: the contract.
            unsafe { tiles::release() }
        }
    }
);

/// Three tiles.
#[repr(align(64))]
struct Parts([MaybeUninit<i32>; 3 * TILE * TILE]);

impl Integers for Vnni {
    const FINE: bool = true;

    #[inline(always)]
    unsafe fn error_bound(norms: *const f32, errors: *const f32, per: [f32; 3]) -> __m512i {
        // SAFETY: the caller is compiled for the instruction set, and vouches for the elements.
        unsafe {
            let error = _mm512_mul_ps(_mm512_loadu_ps(errors), _mm512_set1_ps(per[1]));
            let both = _mm512_fmadd_ps(_mm512_loadu_ps(norms), _mm512_set1_ps(per[0]), error);
            let error_bound = _mm512_add_ps(both, _mm512_set1_ps(per[2]));
            _mm512_cvttps_epi32(_mm512_min_ps(error_bound, _mm512_set1_ps(MOST_BOUND)))
        }
    }
    #[inline(always)]
    unsafe fn refine(high: __m512i, low: __m512i) -> __m512i {
        // SAFETY: the caller is compiled for the instruction set.
        unsafe { _mm512_add_epi32(high, _mm512_srai_epi32::<7>(low)) }
    }
    #[inline(always)]
    unsafe fn accumulate(sums: *mut f32, weights: Option<*const f32>, x: &[__m512i]) {
        // SAFETY: the caller is compiled for the instruction set, and vouches for the elements.
        unsafe {
            let mut sum = _mm512_loadu_ps(sums);
            let mut g = 0;
            while g < x.len() {
                let x = _mm512_cvtepi32_ps(x[g]);
                sum = match weights {
                    None => _mm512_add_ps(x, sum),
                    Some(weights) => _mm512_fmadd_ps(x, _mm512_loadu_ps(weights.add(16 * g)), sum),
                };
                g += 1;
            }
            _mm512_storeu_ps(sums, sum);
        }
    }
}

/// `c` plus, in each lane, the products of four signed bytes, those of `a` less 128. The instruction for bytes multiplies unsigned ones with signed
/// ones, and saturates sums of two: so signs go from one factor to the other, and as no factor is more than 127, sums stay below 2^15. (A byte past
/// the last dimension is 0, and so -128. Those of centers there are 0.)
#[inline(always)]
unsafe fn dot_signs(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    // SAFETY: the caller is compiled for the instruction set.
    unsafe {
        let a = _mm256_xor_si256(a, _mm256_set1_epi8(-128));
        let twos = _mm256_maddubs_epi16(_mm256_abs_epi8(a), _mm256_sign_epi8(b, a));
        _mm256_add_epi32(c, _mm256_madd_epi16(twos, _mm256_set1_epi16(1)))
    }
}
/// `c` plus, in each lane, the products of four unsigned bytes of `a` with four signed ones of `b`, by one instruction, AVX-VNNI.
#[inline(always)]
unsafe fn dot_bytes_256(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    // SAFETY: the caller is compiled for the instruction set.
    unsafe { _mm256_dpbusd_avx_epi32(c, a, b) }
}
#[inline(always)]
unsafe fn load_256(from: *const i32) -> __m256i {
    // SAFETY: the caller is compiled for the instruction set, and vouches for the elements.
    unsafe { _mm256_loadu_si256(from.cast()) }
}
#[inline(always)]
unsafe fn store_256(to: *mut i32, x: __m256i) {
    // SAFETY: the caller is compiled for the instruction set, and vouches for the elements.
    unsafe { _mm256_storeu_si256(to.cast(), x) }
}
/// Vectors of four bytes a lane, 256 bits, with this function for products; sums and comparisons are of 32-bit integers, and exact.
macro_rules! bytes {
    ($name:ident, $dot:ident, $offset:literal, $fine:literal) => {
        vectors!(
            $name,
            i32,
            __m256i,
            8,
            16,
            _mm256_set1_epi32,
            load_256,
            store_256,
            $dot,
            _mm256_add_epi32,
            _mm256_sub_epi32,
            _mm256_min_epi32,
            _mm256_max_epi32,
            |to, x| _mm256_storeu_si256(to.cast(), x),
            |a, b, x, y| _mm256_blendv_epi8(y, x, _mm256_cmpgt_epi32(b, a)),
            |a, b| !_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(a, b))) & 0xff,
            {
                const OFFSET: i32 = $offset;
            }
        );

        impl Integers for $name {
            const FINE: bool = $fine;

            #[inline(always)]
            unsafe fn error_bound(norms: *const f32, errors: *const f32, per: [f32; 3]) -> __m256i {
                // SAFETY: the caller is compiled for the instruction set, and vouches for the elements.
                unsafe {
                    let error = _mm256_mul_ps(_mm256_loadu_ps(errors), _mm256_set1_ps(per[1]));
                    let both =
                        _mm256_fmadd_ps(_mm256_loadu_ps(norms), _mm256_set1_ps(per[0]), error);
                    let error_bound = _mm256_add_ps(both, _mm256_set1_ps(per[2]));
                    _mm256_cvttps_epi32(_mm256_min_ps(error_bound, _mm256_set1_ps(MOST_BOUND)))
                }
            }
            #[inline(always)]
            unsafe fn refine(high: __m256i, low: __m256i) -> __m256i {
                // SAFETY: the caller is compiled for the instruction set.
                unsafe { _mm256_add_epi32(high, _mm256_srai_epi32::<7>(low)) }
            }
            #[inline(always)]
            unsafe fn accumulate(sums: *mut f32, weights: Option<*const f32>, x: &[__m256i]) {
                // SAFETY: the caller is compiled for the instruction set, and vouches for the elements.
                unsafe {
                    let mut sum = _mm256_loadu_ps(sums);
                    let mut g = 0;
                    while g < x.len() {
                        let x = _mm256_cvtepi32_ps(x[g]);
                        sum = match weights {
                            None => _mm256_add_ps(x, sum),
                            Some(weights) => {
                                _mm256_fmadd_ps(x, _mm256_loadu_ps(weights.add(8 * g)), sum)
                            }
                        };
                        g += 1;
                    }
                    _mm256_storeu_ps(sums, sum);
                }
            }
        }
    };
}

bytes!(Avx2Bytes, dot_signs, 0, false);
bytes!(AvxVnniBytes, dot_bytes_256, 128, true);

/// `c` plus, in each lane, the products of the two integers of `a` with those of `b`.
#[inline(always)]
unsafe fn madd(a: __m256, b: __m256, c: __m256) -> __m256 {
    // SAFETY: the caller is compiled for the instruction set.
    unsafe {
        let (a, b, c) = (
            _mm256_castps_si256(a),
            _mm256_castps_si256(b),
            _mm256_castps_si256(c),
        );
        _mm256_castsi256_ps(_mm256_add_epi32(c, _mm256_madd_epi16(a, b)))
    }
}
/// The sums of the integers whose bits these are.
#[inline(always)]
unsafe fn joined_256(a: __m256, b: __m256) -> __m256 {
    // SAFETY: the caller is compiled for the instruction set.
    unsafe {
        let (a, b) = (_mm256_castps_si256(a), _mm256_castps_si256(b));
        _mm256_castsi256_ps(_mm256_add_epi32(a, b))
    }
}
/// The integers whose bits are `x`, times `by`.
#[inline(always)]
unsafe fn scaled_256(x: __m256, by: __m256) -> __m256 {
    // SAFETY: the caller is compiled for the instruction set.
    unsafe { _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_castps_si256(x)), by) }
}
pairs!(Avx2Pairs, Avx2F32, 16, madd, joined_256, scaled_256);

/// `c` plus, in each lane, the products of the two integers of `a` with those of `b`, by one instruction, AVX-VNNI.
#[inline(always)]
unsafe fn dot_words_256(a: __m256, b: __m256, c: __m256) -> __m256 {
    // SAFETY: the caller is compiled for the instruction set.
    unsafe {
        let (a, b, c) = (
            _mm256_castps_si256(a),
            _mm256_castps_si256(b),
            _mm256_castps_si256(c),
        );
        _mm256_castsi256_ps(_mm256_dpwssd_avx_epi32(c, a, b))
    }
}
pairs!(
    AvxVnniPairs,
    Avx2F32,
    16,
    dot_words_256,
    joined_256,
    scaled_256
);
