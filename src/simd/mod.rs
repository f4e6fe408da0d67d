//! Explicit SIMD: one trait, three instances, one dispatch table.
//!
//! A kernel is written once, generic over [`Lanes`], and compiled once per instance inside a
//! `#[target_feature]` shim ([`level`]). The operations below are exactly those the kernels need;
//! every one is a single IEEE operation per lane, or exact, and none is fused unless that is exact, so the instances agree to the
//! last bit and differ only in how many lanes they work on at a time.
//!
//! All helpers on the way from a shim to an intrinsic must be `#[inline(always)]`: a function that is
//! not inlined into the shim is compiled without the instruction set, and each intrinsic in it
//! becomes a call.

mod lanes;
pub(crate) mod level;
pub(crate) mod portable;
pub(crate) mod products;

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

pub(crate) use lanes::Lanes;
use lanes::{transposed, DECAY};

/// Asks for the cache line at an address, which need not be valid: to the second level, where it is out of nobody's way.
#[inline(always)]
pub(crate) fn prefetch(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the instruction is part of every x86-64, and does nothing where it may not read.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T1 }>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}
