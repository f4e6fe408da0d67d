//! All points against all candidates, by D itself: for few dimensions, where nothing is cheaper.

use crate::exact::distance::{Few, Many, Metric};
use crate::simd::{InstructionSet, Kernel, Lanes, Level};

/// Calls a function with the metric for `$d` dimensions.
macro_rules! with_metric {
    ($d:expr, $function:ident::<$lanes:ty>($($argument:expr),*)) => {
        match $d {
            1 => $function::<$lanes, _>(Few::<1>, $($argument),*),
            2 => $function::<$lanes, _>(Few::<2>, $($argument),*),
            3 => $function::<$lanes, _>(Few::<3>, $($argument),*),
            4 => $function::<$lanes, _>(Few::<4>, $($argument),*),
            d => $function::<$lanes, _>(Many(d), $($argument),*),
        }
    };
}

/// Lowers each mass to the weight times D to `center`; returns the largest. The tile is packed for the level.
pub(super) fn approach(
    level: Level,
    tile: &[f64],
    weights: &[f64],
    center: &[f64],
    masses: &mut [f64],
) -> f64 {
    assert!(masses.len().is_multiple_of(level.width()) && weights.len() >= masses.len());
    assert!(tile.len() >= masses.len() * center.len());
    level.run(Approach {
        tile,
        weights,
        center,
        masses,
    })
}

/// There are whole groups of masses, as many weights, and a tile of as many points of the center's dimensions.
struct Approach<'a> {
    tile: &'a [f64],
    weights: &'a [f64],
    center: &'a [f64],
    masses: &'a mut [f64],
}

impl Kernel for Approach<'_> {
    type Out = f64;

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) -> f64 {
        let Approach {
            tile,
            weights,
            center,
            masses,
        } = self;
        // SAFETY: the caller is compiled for the lanes; `approach` has checked the lengths.
        unsafe {
            with_metric!(
                center.len(),
                approach_by::<I::Lanes>(tile, weights, center, masses)
            )
        }
    }
}

/// # Safety
/// The caller is compiled for `L`; what [`Approach`] says is so, and the metric is for the center's dimensions.
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

/// For each candidate center adds to its sum the masses as they would be with it, each rounded to the unit that `magic` stands for.
/// The tile is packed for the level.
pub(super) fn potentials(
    level: Level,
    tile: &[f64],
    weights: &[f64],
    candidates: &[f64],
    masses: &[f64],
    magic: f64,
    sums: &mut [i64],
) {
    let d = candidates.len() / sums.len();
    assert!(masses.len().is_multiple_of(level.width()) && weights.len() >= masses.len());
    assert!(tile.len() >= masses.len() * d && candidates.len() == sums.len() * d);
    level.run(Potentials {
        tile,
        weights,
        candidates,
        masses,
        magic,
        sums,
    });
}

/// There are whole groups of masses, as many weights, and a tile of as many points; and a candidate of their dimensions for each
/// sum.
struct Potentials<'a> {
    tile: &'a [f64],
    weights: &'a [f64],
    candidates: &'a [f64],
    masses: &'a [f64],
    magic: f64,
    sums: &'a mut [i64],
}

impl Kernel for Potentials<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) {
        let Potentials {
            tile,
            weights,
            candidates,
            masses,
            magic,
            sums,
        } = self;
        // SAFETY: the caller is compiled for the lanes; `potentials` has checked the lengths.
        unsafe {
            with_metric!(
                candidates.len() / sums.len(),
                potentials_by::<I::Lanes>(tile, weights, candidates, masses, magic, sums)
            )
        }
    }
}

/// # Safety
/// The caller is compiled for `L`; what [`Potentials`] says is so, and the metric is for the candidates' dimensions.
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
            *sum = sum.wrapping_add(counted::<L>(units, masses.len(), magic));
        }
    }
}

/// The units in sums of bit patterns, to whose lanes so many numbers were added, each together with the `magic` number.
///
/// # Safety
/// The caller is compiled for `L`.
#[inline(always)]
unsafe fn counted<L: Lanes>(patterns: L::I, numbers: usize, magic: f64) -> i64 {
    let mut lanes = [0i64; 8];
    // SAFETY: the contract; no vector has more than eight lanes.
    unsafe { L::store_bits(lanes.as_mut_ptr(), patterns) };
    // Each addition brought the pattern of the magic number along.
    let bias = (numbers as i64).wrapping_mul(magic.to_bits() as i64);
    let sum = lanes.iter().fold(0i64, |sum, &x| sum.wrapping_add(x));
    sum.wrapping_sub(bias)
}

/// The sum of the masses in the coarse units and what is left in the fine ones that the magic numbers stand for.
pub(super) fn tally(level: Level, masses: &[f64], magic: [f64; 2]) -> [i64; 2] {
    assert!(masses.len().is_multiple_of(level.width()));
    level.run(Tally { masses, magic })
}

/// There are whole groups of masses.
struct Tally<'a> {
    masses: &'a [f64],
    magic: [f64; 2],
}

impl Kernel for Tally<'_> {
    type Out = [i64; 2];

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) -> [i64; 2] {
        let Tally { masses, magic } = self;
        // SAFETY: the caller is compiled for the lanes; `tally` has checked the length. No vector has more than eight lanes.
        unsafe {
            let mut units = [I::Lanes::zero_bits(); 2];
            let vectors = [I::Lanes::splat(magic[0]), I::Lanes::splat(magic[1])];
            for g in 0..masses.len() / I::Lanes::WIDTH {
                let mass = I::Lanes::load(masses.as_ptr().add(g * I::Lanes::WIDTH));
                let coarse = I::Lanes::add(mass, vectors[0]);
                let rest = I::Lanes::sub(mass, I::Lanes::sub(coarse, vectors[0]));
                units[0] = I::Lanes::add_bits(units[0], coarse);
                units[1] = I::Lanes::add_bits(units[1], I::Lanes::add(rest, vectors[1]));
            }
            let mut sums = [0; 2];
            for ((sum, units), magic) in sums.iter_mut().zip(units).zip(magic) {
                *sum = counted::<I::Lanes>(units, masses.len(), magic);
            }
            sums
        }
    }
}
