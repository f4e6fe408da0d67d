//! Panels: many centers against many points, in a working precision.
//!
//! Points are in lanes, as for the direct kernel; a panel is a few centers, interleaved, premultiplied by -2, so that one
//! broadcast per center and dimension serves all the groups of points in registers:
//!
//! ```text
//!   panel:  c0[0] c1[0] .. c7[0] | c0[1] c1[1] .. c7[1] | ...          8 centers (4 with 16 registers)
//!   group:  x0[0] x1[0] .. x15[0] | x0[1] ..                            WIDTH points; G = 3 groups
//!   acc[g][c] = |c|² + sum over i of x_g[i] * (-2 c[i])                 24 accumulators of 32 registers
//! ```
//!
//! Centers in lanes would do as many multiplications, but pad k to a multiple of the vector and end each point
//! with a reduction across lanes. Here k is made up of panels of 8, 4, 2 and 1 and wastes nothing, and a lane meets the
//! centers in ascending order.

use crate::lanes::screen::{Screen, Working};

/// Groups of points in registers.
pub(crate) const GROUPS: usize = 3;

/// Centers of the widest panel.
const fn widest(registers: usize) -> usize {
    match registers {
        32 => 8,
        _ => 4,
    }
}

/// All centers, packed for one pass.
pub(crate) struct Panels<'a, E> {
    /// k d elements: panel after panel.
    pub(crate) data: &'a [E],
    /// |ĉ|² of each center.
    pub(crate) norms: &'a [E],
}

/// Packs centers; returns the largest |ĉ|². `registers` are those of the kernel that will read the panels.
pub(crate) fn pack_centers<E: Working>(
    centers: &[f64],
    mean: &[f64],
    scale: f64,
    registers: usize,
    data: &mut [E],
    norms: &mut [E],
) -> f64 {
    let d = mean.len();
    let k = centers.len() / d;
    let mut largest = 0.0f64;
    let (mut first, mut width) = (0, widest(registers));
    while first < k {
        while width > k - first {
            width /= 2;
        }
        let panel = &mut data[first * d..][..width * d];
        for c in 0..width {
            let center = &centers[(first + c) * d..][..d];
            let mut norm = 0.0;
            for (i, (&x, &m)) in center.iter().zip(mean).enumerate() {
                let stored = E::of((x - m) * scale).to_f64();
                norm += stored * stored;
                // Doubling is exact: nothing is near overflow.
                panel[i * width + c] = E::of(-2.0 * stored);
            }
            // Rounded up for the radius: d + 1 roundings of a sum of squares.
            largest = largest.max(norm * (1.0 + (d as f64 + 2.0) * f64::EPSILON));
            norms[first + c] = E::of(norm);
        }
        first += width;
    }
    largest
}

/// Receives the values of `G` groups for one center after another, in ascending order.
pub(crate) trait Receive<S: Screen, const G: usize> {
    /// # Safety
    /// The caller is compiled for `S`.
    unsafe fn receive(&mut self, j: usize, values: &[S::V; G]);
}

/// Dimensions of a panel between two calls of what a sweep is given to do `between`.
const STEP: usize = 16;

/// How often a sweep calls that, at least.
pub(crate) fn steps<S: Screen>(d: usize, k: usize) -> usize {
    k.div_ceil(widest(S::REGISTERS)) * d.div_ceil(STEP)
}

/// Evaluates Ŝ of `G` groups of points against all centers, and calls `between` every now and then.
///
/// # Safety
/// The caller is compiled for `S`; `groups` points to `G` packed groups of d dimensions; the panels were packed
/// for as many registers as `S` has, and for centers of d dimensions.
#[inline(always)]
pub(crate) unsafe fn sweep<S: Screen, const G: usize, R: Receive<S, G>>(
    groups: *const S::E,
    d: usize,
    panels: &Panels<'_, S::E>,
    receive: &mut R,
    mut between: impl FnMut(),
) {
    let between = &mut between;
    let k = panels.norms.len();
    let mut first = 0;
    // SAFETY: panels of the widest width as long as they fit, then of half, and so on: as they were packed.
    unsafe {
        if widest(S::REGISTERS) == 8 {
            while first + 8 <= k {
                panel::<S, G, 8, R>(groups, d, panels, first, receive, between);
                first += 8;
            }
        }
        while first + 4 <= k {
            panel::<S, G, 4, R>(groups, d, panels, first, receive, between);
            first += 4;
        }
        if first + 2 <= k {
            panel::<S, G, 2, R>(groups, d, panels, first, receive, between);
            first += 2;
        }
        if first < k {
            panel::<S, G, 1, R>(groups, d, panels, first, receive, between);
        }
    }
}

#[inline(always)]
unsafe fn panel<S: Screen, const G: usize, const C: usize, R: Receive<S, G>>(
    groups: *const S::E,
    d: usize,
    panels: &Panels<'_, S::E>,
    first: usize,
    receive: &mut R,
    between: &mut impl FnMut(),
) {
    // SAFETY: the panel is C d elements from first * d on; the groups are G times d vectors.
    unsafe {
        let panel = panels.data.as_ptr().add(first * d);
        let norms = panels.norms.as_ptr().add(first);
        let mut acc = [[S::splat(*norms); G]; C];
        for (c, acc) in acc.iter_mut().enumerate() {
            *acc = [S::splat(*norms.add(c)); G];
        }
        let mut i = 0;
        while i < d {
            between();
            let end = d.min(i + STEP);
            while i < end {
                let mut x = [acc[0][0]; G];
                for (g, x) in x.iter_mut().enumerate() {
                    *x = S::load(groups.add((g * d + i) * S::WIDTH));
                }
                for (c, acc) in acc.iter_mut().enumerate() {
                    let b = S::splat(*panel.add(i * C + c));
                    for g in 0..G {
                        acc[g] = S::mul_add(x[g], b, acc[g]);
                    }
                }
                i += 1;
            }
        }
        for (c, acc) in acc.iter().enumerate() {
            receive.receive(first + c, acc);
        }
    }
}
