//! D of one point and several centers side by side: dimensions in lanes, as many centers at a time as a vector has lanes.
//!
//! Centers are read where they lie, once and in order, and the point's coordinates are shared among those side by side. Nothing is packed.
//! The partial sums of so many centers are transposed, and then folded with centers in lanes.

use super::distance::fold_lanes;
use crate::simd::{InstructionSet, Kernel, Lanes, Level};

/// D between `x` and each of the centers.
pub(crate) fn to_centers(level: Level, x: &[f64], centers: &[f64], distances: &mut [f64]) {
    assert!(centers.len() == distances.len() * x.len());
    level.run(ToCenters {
        x,
        centers,
        distances,
    });
}

/// There is a distance for every center, and centers have as many dimensions as the point.
struct ToCenters<'a> {
    x: &'a [f64],
    centers: &'a [f64],
    distances: &'a mut [f64],
}

impl Kernel for ToCenters<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) {
        // SAFETY: the caller is compiled for the lanes.
        unsafe {
            match I::Lanes::WIDTH {
                2 => self.groups::<I::Lanes, 2>(),
                4 => self.groups::<I::Lanes, 4>(),
                _ => self.groups::<I::Lanes, 8>(),
            }
        }
    }
}

impl ToCenters<'_> {
    /// Groups of `M` centers, as many as a vector has lanes; then the others, repeating the last one.
    ///
    /// # Safety
    /// The caller is compiled for `L`, whose width is `M`.
    #[inline(always)]
    unsafe fn groups<L: Lanes, const M: usize>(self) {
        let (x, d, k) = (self.x.as_ptr(), self.x.len(), self.distances.len());
        // SAFETY: what `ToCenters` says is so; centers are read below k, and distances written below k.
        unsafe {
            for first in (0..k).step_by(M) {
                let mut centers = [core::ptr::null(); M];
                for (m, center) in centers.iter_mut().enumerate() {
                    *center = self.centers.as_ptr().add((first + m).min(k - 1) * d);
                }
                let group = squared::<L, M>(x, &centers, d);
                if first + M <= k {
                    L::store(self.distances.as_mut_ptr().add(first), group);
                } else {
                    let mut last = [0.0; 8];
                    L::store(last.as_mut_ptr(), group);
                    self.distances[first..].copy_from_slice(&last[..k - first]);
                }
            }
        }
    }
}

/// D between a point and `M` centers: a vector of them.
///
/// # Safety
/// The caller is compiled for `L`, whose width is `M`; `x` and every one of the centers point to d readable doubles.
#[inline(always)]
unsafe fn squared<L: Lanes, const M: usize>(
    x: *const f64,
    centers: &[*const f64; M],
    d: usize,
) -> L::F {
    let vectors = 8 / L::WIDTH;
    // SAFETY: each load stays below d, the last one of a row being partial.
    unsafe {
        // For each center its eight partial sums, in the first few vectors.
        let mut s = [[L::splat(0.0); 4]; M];
        let whole = d - d % 8;
        let mut i = 0;
        while i < whole {
            for v in 0..vectors {
                let at = i + v * L::WIDTH;
                let x = L::load(x.add(at));
                for (m, s) in s.iter_mut().enumerate() {
                    let t = L::sub(x, L::load(centers[m].add(at)));
                    s[v] = L::add(s[v], L::mul(t, t));
                }
            }
            i += 8;
        }
        // Lanes past the last dimension are 0 in the point and the centers. A partial sum is never -0, so adding 0 changes no bit.
        for v in 0..vectors {
            let at = whole + v * L::WIDTH;
            if at < d {
                let x = L::load_rest(x.add(at), d - at);
                for (m, s) in s.iter_mut().enumerate() {
                    let t = L::sub(x, L::load_rest(centers[m].add(at), d - at));
                    s[v] = L::add(s[v], L::mul(t, t));
                }
            }
        }
        let mut partial = [L::splat(0.0); 8];
        for v in 0..vectors {
            let mut square = [L::splat(0.0); 8];
            for (m, s) in s.iter().enumerate() {
                square[m] = s[v];
            }
            L::transpose(&mut square);
            for (l, x) in square.iter().enumerate().take(L::WIDTH) {
                partial[v * L::WIDTH + l] = *x;
            }
        }
        fold_lanes::<L>(&partial, 8)
    }
}
