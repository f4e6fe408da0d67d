//! All points against all candidates, by D itself: for few dimensions, where nothing is cheaper.

use crate::exact::distance::{Few, Many, Metric};
use crate::simd::Lanes;

/// Calls a function with the metric for `$d` dimensions.
macro_rules! with_metric {
    ($d:expr, $function:ident::<$lanes:ident>($($argument:expr),*)) => {
        match $d {
            1 => $function::<$lanes, _>(Few::<1>, $($argument),*),
            2 => $function::<$lanes, _>(Few::<2>, $($argument),*),
            3 => $function::<$lanes, _>(Few::<3>, $($argument),*),
            4 => $function::<$lanes, _>(Few::<4>, $($argument),*),
            d => $function::<$lanes, _>(Many(d), $($argument),*),
        }
    };
}

/// Lowers each mass to the weight times D to `center`; returns the largest.
///
/// # Safety
/// The caller is compiled for `L`. `masses.len()` is a multiple of `WIDTH`; `weights` has at least as
/// many elements, `tile` d times as many, packed in groups.
#[inline(always)]
pub(crate) unsafe fn approach<L: Lanes>(
    tile: &[f64],
    weights: &[f64],
    center: &[f64],
    masses: &mut [f64],
) -> f64 {
    // SAFETY: the contract above.
    unsafe {
        with_metric!(
            center.len(),
            approach_by::<L>(tile, weights, center, masses)
        )
    }
}

#[inline(always)]
unsafe fn approach_by<L: Lanes, M: Metric>(
    metric: M,
    tile: &[f64],
    weights: &[f64],
    center: &[f64],
    masses: &mut [f64],
) -> f64 {
    let d = metric.d();
    // SAFETY: group g of the tile is at g * d * WIDTH, of the other arrays at g * WIDTH.
    unsafe {
        let mut top = L::splat(0.0);
        for g in 0..masses.len() / L::WIDTH {
            let group = tile.as_ptr().add(g * d * L::WIDTH);
            let [distance] = metric.squared::<L, 1>(group, center.as_ptr());
            let mass = masses.as_mut_ptr().add(g * L::WIDTH);
            let weight = L::load(weights.as_ptr().add(g * L::WIDTH));
            let lowered = L::min(L::mul(weight, distance), L::load(mass));
            L::store(mass, lowered);
            top = L::max(lowered, top);
        }
        let mut lanes = [0.0; 8];
        L::store(lanes.as_mut_ptr(), top);
        lanes.iter().fold(0.0, |top: f64, &x| top.max(x))
    }
}

/// For each candidate center adds to its sum the units of the masses as they would be with it.
///
/// # Safety
/// As for [`approach`]; also, `candidates` is one center of d dimensions for each of the `sums`.
#[inline(always)]
pub(crate) unsafe fn potentials<L: Lanes>(
    tile: &[f64],
    weights: &[f64],
    candidates: &[f64],
    masses: &[f64],
    magic: f64,
    sums: &mut [i64],
) {
    let d = candidates.len() / sums.len();
    // SAFETY: the contract above.
    unsafe {
        with_metric!(
            d,
            potentials_by::<L>(tile, weights, candidates, masses, magic, sums)
        )
    }
}

#[inline(always)]
unsafe fn potentials_by<L: Lanes, M: Metric>(
    metric: M,
    tile: &[f64],
    weights: &[f64],
    candidates: &[f64],
    masses: &[f64],
    magic: f64,
    sums: &mut [i64],
) {
    let d = metric.d();
    // SAFETY: group g of the tile is at g * d * WIDTH, of the other arrays at g * WIDTH.
    unsafe {
        for (candidate, sum) in candidates.chunks_exact(d).zip(sums) {
            let mut units = L::zero_bits();
            for g in 0..masses.len() / L::WIDTH {
                let group = tile.as_ptr().add(g * d * L::WIDTH);
                let [distance] = metric.squared::<L, 1>(group, candidate.as_ptr());
                let weight = L::load(weights.as_ptr().add(g * L::WIDTH));
                let mass = L::load(masses.as_ptr().add(g * L::WIDTH));
                let lowered = L::min(L::mul(weight, distance), mass);
                units = L::add_bits(units, L::add(lowered, L::splat(magic)));
            }
            let mut lanes = [0; 8];
            L::store_bits(lanes.as_mut_ptr(), units);
            // Each addition brought the pattern of the magic number along.
            let bias = (masses.len() as i64).wrapping_mul(magic.to_bits() as i64);
            let units = lanes.iter().fold(0i64, |sum, &x| sum.wrapping_add(x));
            *sum = sum.wrapping_add(units.wrapping_sub(bias));
        }
    }
}

/// The sum of the masses in the coarse units and what is left in the fine ones that the magic numbers stand for.
///
/// # Safety
/// The caller is compiled for `L`; `masses.len()` is a multiple of `WIDTH`.
#[inline(always)]
pub(crate) unsafe fn tally<L: Lanes>(masses: &[f64], magic: [f64; 2]) -> [i64; 2] {
    // SAFETY: the contract above.
    unsafe {
        let mut units = [L::zero_bits(); 2];
        let vectors = [L::splat(magic[0]), L::splat(magic[1])];
        for g in 0..masses.len() / L::WIDTH {
            let mass = L::load(masses.as_ptr().add(g * L::WIDTH));
            let coarse = L::add(mass, vectors[0]);
            let rest = L::sub(mass, L::sub(coarse, vectors[0]));
            units[0] = L::add_bits(units[0], coarse);
            units[1] = L::add_bits(units[1], L::add(rest, vectors[1]));
        }
        let mut sums = [0; 2];
        for ((sum, units), magic) in sums.iter_mut().zip(units).zip(magic) {
            let mut lanes = [0; 8];
            L::store_bits(lanes.as_mut_ptr(), units);
            // Each addition brought the pattern of the magic number along.
            let bias = (masses.len() as i64).wrapping_mul(magic.to_bits() as i64);
            let units = lanes.iter().fold(0i64, |sum, &x| sum.wrapping_add(x));
            *sum = units.wrapping_sub(bias);
        }
        sums
    }
}
