//! Lanes for screening: either precision, multiply-add fused where the CPU can.
//!
//! Screening only rules centers out, within a proven bound (see `assign::certify`), so here operations
//! may round as they like; what comes out of it is the same on every instruction set all the same,
//! because whatever the bound leaves open is decided by D.

use super::Lanes;
use crate::workspace::Plain;

/// A vector of a working precision and what the screening kernel does with it.
///
/// # Safety
/// As for [`Lanes`](super::Lanes).
pub(crate) trait Screen: Copy + 'static {
    /// f32 or f64.
    type E: Working;
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

/// A precision to screen in.
pub(crate) trait Working:
    Copy
    + Send
    + Sync
    + PartialOrd
    + core::ops::Sub<Output = Self>
    + core::ops::Add<Output = Self>
    + Default
    + Plain
    + 'static
{
    /// Its unit roundoff.
    const ROUNDOFF: f64;
    /// Its smallest positive number.
    const TINIEST: f64;
    const INFINITY: Self;
    fn of(x: f64) -> Self;
    fn to_f64(self) -> f64;
    /// A vector of doubles, rounded, to memory.
    ///
    /// # Safety
    /// As for [`Lanes::store`].
    unsafe fn store<L: Lanes>(to: *mut Self, x: L::F);
}

impl Working for f32 {
    const ROUNDOFF: f64 = f32::EPSILON as f64 / 2.0;
    const TINIEST: f64 = 1.401298464324817e-45;
    const INFINITY: f32 = f32::INFINITY;
    #[inline(always)]
    fn of(x: f64) -> f32 {
        x as f32
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self.into()
    }
    #[inline(always)]
    unsafe fn store<L: Lanes>(to: *mut f32, x: L::F) {
        // SAFETY: the caller's contract.
        unsafe { L::store_f32(to, x) }
    }
}

impl Working for f64 {
    const ROUNDOFF: f64 = f64::EPSILON / 2.0;
    const TINIEST: f64 = 5e-324;
    const INFINITY: f64 = f64::INFINITY;
    #[inline(always)]
    fn of(x: f64) -> f64 {
        x
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    unsafe fn store<L: Lanes>(to: *mut f64, x: L::F) {
        // SAFETY: the caller's contract.
        unsafe { L::store(to, x) }
    }
}

/// The vectors of `wide`, which has one way of saying everything.
macro_rules! portable {
    ($name:ident, $element:ty, $vector:ident, $width:literal) => {
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
            unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
                // Not `mul_add`, which without the instruction is a library call a lane.
                a * b + c
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
            unsafe fn min(a: Self::V, b: Self::V) -> Self::V {
                a.fast_min(b)
            }
            #[inline(always)]
            unsafe fn max(a: Self::V, b: Self::V) -> Self::V {
                a.fast_max(b)
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

portable!(PortableF64, f64, f64x2, 2);
portable!(PortableF32, f32, f32x4, 4);

/// The vectors of x86-64, whose intrinsics differ only in their names.
#[cfg(target_arch = "x86_64")]
macro_rules! x86 {
    ($name:ident, $element:ty, $vector:ident, $width:literal, $registers:literal,
     $splat:ident, $load:ident, $store:ident, $fma:ident, $sub:ident, $min:ident, $max:ident,
     |$to:ident, $from:ident| $store_labels:expr,
     |$a:ident, $b:ident, $x:ident, $y:ident| $select:expr,
     |$p:ident, $q:ident| $not_greater:expr) => {
        #[derive(Clone, Copy)]
        pub(crate) struct $name;

        impl Screen for $name {
            type E = $element;
            const WIDTH: usize = $width;
            const REGISTERS: usize = $registers;
            type V = $vector;

            #[inline(always)]
            unsafe fn splat(x: $element) -> $vector {
                // SAFETY: the caller is compiled for the instruction set.
                unsafe { $splat(x) }
            }
            #[inline(always)]
            unsafe fn load(from: *const $element) -> $vector {
                // SAFETY: as above, and the caller vouches for the elements; no alignment is needed.
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn store(to: *mut $element, x: $vector) {
                // SAFETY: as above, and the caller vouches for the elements; no alignment is needed.
                unsafe { $store(to, x) }
            }
            #[inline(always)]
            unsafe fn mul_add(a: $vector, b: $vector, c: $vector) -> $vector {
                // SAFETY: the caller is compiled for the instruction set.
                unsafe { $fma(a, b, c) }
            }
            #[inline(always)]
            unsafe fn sub(a: $vector, b: $vector) -> $vector {
                // SAFETY: the caller is compiled for the instruction set.
                unsafe { $sub(a, b) }
            }
            #[inline(always)]
            unsafe fn store_labels($to: *mut i32, $from: $vector) {
                // SAFETY: as above, and the caller vouches for the integers; no alignment is needed.
                unsafe { $store_labels }
            }
            #[inline(always)]
            unsafe fn min(a: $vector, b: $vector) -> $vector {
                // SAFETY: the caller is compiled for the instruction set.
                unsafe { $min(a, b) }
            }
            #[inline(always)]
            unsafe fn max(a: $vector, b: $vector) -> $vector {
                // SAFETY: the caller is compiled for the instruction set.
                unsafe { $max(a, b) }
            }
            #[inline(always)]
            unsafe fn select_less($a: $vector, $b: $vector, $x: $vector, $y: $vector) -> $vector {
                // SAFETY: the caller is compiled for the instruction set.
                unsafe { $select }
            }
            #[inline(always)]
            unsafe fn not_greater($p: $vector, $q: $vector) -> u32 {
                // SAFETY: the caller is compiled for the instruction set.
                unsafe { $not_greater as u32 }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use super::Screen;
    use core::arch::x86_64::*;

    x86!(
        Avx2F64,
        f64,
        __m256d,
        4,
        16,
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_fmadd_pd,
        _mm256_sub_pd,
        _mm256_min_pd,
        _mm256_max_pd,
        |to, x| _mm_storeu_si128(to.cast(), _mm256_cvttpd_epi32(x)),
        |a, b, x, y| _mm256_blendv_pd(y, x, _mm256_cmp_pd::<_CMP_LT_OQ>(a, b)),
        |a, b| _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_NGT_UQ>(a, b))
    );
    x86!(
        Avx2F32,
        f32,
        __m256,
        8,
        16,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_fmadd_ps,
        _mm256_sub_ps,
        _mm256_min_ps,
        _mm256_max_ps,
        |to, x| _mm256_storeu_si256(to.cast(), _mm256_cvttps_epi32(x)),
        |a, b, x, y| _mm256_blendv_ps(y, x, _mm256_cmp_ps::<_CMP_LT_OQ>(a, b)),
        |a, b| _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_NGT_UQ>(a, b))
    );
    x86!(
        Avx512F64,
        f64,
        __m512d,
        8,
        32,
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_fmadd_pd,
        _mm512_sub_pd,
        _mm512_min_pd,
        _mm512_max_pd,
        |to, x| _mm256_storeu_si256(to.cast(), _mm512_cvttpd_epi32(x)),
        |a, b, x, y| _mm512_mask_mov_pd(y, _mm512_cmp_pd_mask::<_CMP_LT_OQ>(a, b), x),
        |a, b| _mm512_cmp_pd_mask::<_CMP_NGT_UQ>(a, b)
    );
    x86!(
        Avx512F32,
        f32,
        __m512,
        16,
        32,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_fmadd_ps,
        _mm512_sub_ps,
        _mm512_min_ps,
        _mm512_max_ps,
        |to, x| _mm512_storeu_si512(to.cast(), _mm512_cvttps_epi32(x)),
        |a, b, x, y| _mm512_mask_mov_ps(y, _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b), x),
        |a, b| _mm512_cmp_ps_mask::<_CMP_NGT_UQ>(a, b)
    );
}
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::*;
