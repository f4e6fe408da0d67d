//! Greedy k-means++ (Arthur and Vassilvitskii 2007; the greedy variant of its section 5, with
//! scikit-learn's 2 + floor(ln k) candidates a step).
//!
//! A point's *mass* is its weight times D to its nearest center so far. A step draws candidates with
//! probability proportional to mass and keeps the one that leaves the least total mass.
//!
//! Masses are summed in *units*: with E the exponent above the largest mass, a mass counts as the
//! nearest multiple of 2^(E-w), w as for limbs. That is the top limb of the exact sum, so sums are
//! integers, have no order, and a prefix sum cannot fall short of the total; what is rounded away is
//! less than 2^-w of the largest mass for each point, far below what sampling could show. A point without
//! mass has no units and is never drawn.

use crate::distance::{Few, Many, Metric};
use crate::job::Job;
use crate::lanes::Lanes;
use crate::parallel::PerThread;
use crate::tile::Which;
use crate::update::Unit;

use super::philox::{below, Draw};
use super::{Seeding, Worker};

/// The least k with ln k >= 1, 2, 3, ... A table, because workspace sizes depend on it: they are asked for outside the
/// standard floating-point environment, and must not differ by a logarithm's rounding.
const POWERS_OF_E: [usize; 21] = [
    3, 8, 21, 55, 149, 404, 1097, 2981, 8104, 22027, 59875, 162755, 442414, 1202605, 3269018,
    8886111, 24154953, 65659970, 178482301, 485165196, 1318815735,
];

/// `2 + floor(ln k)` for the largest k.
pub(super) const MOST_CANDIDATES: usize = 2 + POWERS_OF_E.len();

/// `2 + floor(ln k)`: candidates drawn for each center after the first.
pub(crate) fn candidates_per_step(k: usize) -> usize {
    2 + POWERS_OF_E.partition_point(|&power| power <= k)
}

/// Draws all centers; returns how many pairs of point and center were evaluated.
pub(super) fn seed(
    job: &Job<'_>,
    (seed, restart): (u64, u32),
    seeding: &mut Seeding<'_>,
    team: &mut PerThread<Worker<'_>>,
    centers: &mut [f64],
) -> i64 {
    let (n, d) = (job.points.n(), job.points.d());
    let k = centers.len() / d;
    let draw = |step: usize, candidate: usize| Draw {
        restart,
        step: step as u32,
        candidate: candidate as u32,
    };

    // The first center is drawn by weight.
    seeding.masses.fill(0.0);
    match job.weights {
        Some(weights) => seeding.masses[..n].copy_from_slice(weights),
        None => seeding.masses[..n].fill(1.0),
    }
    let top = seeding.masses.iter().fold(0.0, |top: f64, &m| top.max(m));
    let total = tally(job, seeding, Unit::of(top, n));
    let p = find(
        job,
        seeding,
        Unit::of(top, n),
        below(total, seed, draw(0, 0)),
    );
    job.points.copy_point(p, &mut centers[..d]);
    seeding.masses.fill(f64::INFINITY);
    let mut top = lower(job, seeding, team, &centers[..d]);
    let mut evaluated = n as i64;

    for step in 1..k {
        let center = &mut centers[step * d..][..d];
        if top == 0.0 {
            // Every point of positive weight lies on a center: draw any.
            let positive = (0..n).filter(|&p| job.counts(p)).count();
            let rank = below(positive as u64, seed, draw(step, 0)) as usize;
            let p = (0..n).filter(|&p| job.counts(p)).nth(rank).unwrap_or(0);
            job.points.copy_point(p, center);
            continue;
        }
        let unit = Unit::of(top, n);
        let total = tally(job, seeding, unit);
        let count = candidates_per_step(k);
        for c in 0..count {
            let p = find(job, seeding, unit, below(total, seed, draw(step, c)));
            job.points
                .copy_point(p, &mut seeding.candidates[c * d..][..d]);
        }
        let best = least_potential(job, seeding, team, unit, count);
        center.copy_from_slice(&seeding.candidates[best * d..][..d]);
        top = lower(job, seeding, team, center);
        evaluated += (count as i64 + 1) * n as i64;
    }
    evaluated
}

/// Sums the masses of each block; returns the sum of all.
fn tally(job: &Job<'_>, seeding: &mut Seeding<'_>, unit: Unit) -> u64 {
    let blocks = seeding.masses.chunks(job.block);
    let mut all = 0;
    for (total, masses) in seeding.totals.iter_mut().zip(blocks) {
        *total = masses.iter().map(|&mass| unit.count(mass)).sum();
        all += *total;
    }
    all as u64
}

/// The first point whose prefix sum exceeds `target`, which is below the total.
fn find(job: &Job<'_>, seeding: &Seeding<'_>, unit: Unit, target: u64) -> usize {
    let mut left = target as i64;
    for (b, &total) in seeding.totals.iter().enumerate() {
        if left < total {
            let first = b * job.block;
            for (p, &mass) in seeding.masses.iter().enumerate().skip(first) {
                left -= unit.count(mass);
                if left < 0 {
                    return p;
                }
            }
        }
        left -= total;
    }
    unreachable!("the target is below the sum of all units")
}

/// Lowers the masses by a new center; returns the largest left.
fn lower(
    job: &Job<'_>,
    seeding: &mut Seeding<'_>,
    team: &mut PerThread<Worker<'_>>,
    center: &[f64],
) -> f64 {
    for worker in team.iter_mut() {
        worker.top = 0.0;
    }
    let blocks = job.blocks().zip(seeding.masses.chunks_mut(job.block));
    job.crew.run(blocks, team, |worker, (block, masses)| {
        worker.load(job, block);
        let top = job
            .kernels
            .approach(worker.tile, worker.weights, center, masses);
        worker.top = worker.top.max(top);
    });
    team.iter_mut().fold(0.0, |top, worker| top.max(worker.top))
}

/// The candidate that would leave the least mass, the first of equals.
fn least_potential(
    job: &Job<'_>,
    seeding: &Seeding<'_>,
    team: &mut PerThread<Worker<'_>>,
    unit: Unit,
    count: usize,
) -> usize {
    let d = job.points.d();
    let candidates = &seeding.candidates[..count * d];
    for worker in team.iter_mut() {
        worker.sums.fill(0);
    }
    let blocks = job.blocks().zip(seeding.masses.chunks(job.block));
    job.crew.run(blocks, team, |worker, (block, masses)| {
        worker.load(job, block);
        let (tile, weights) = (&*worker.tile, &*worker.weights);
        let sums = &mut worker.sums[..count];
        job.kernels
            .potentials(tile, weights, candidates, masses, unit.magic(), sums);
    });
    let potential = |c: usize, team: &mut PerThread<Worker<'_>>| {
        team.iter_mut().map(|worker| worker.sums[c]).sum::<i64>()
    };
    let mut best = (potential(0, team), 0);
    for c in 1..count {
        best = best.min((potential(c, team), c));
    }
    best.1
}

impl Worker<'_> {
    /// Packs a block and its weights.
    fn load(&mut self, job: &Job<'_>, block: core::ops::Range<usize>) {
        let count = block.len();
        match job.weights_of(&block) {
            Some(weights) => self.weights[..count].copy_from_slice(weights),
            None => self.weights[..count].fill(1.0),
        }
        self.weights[count..].fill(0.0);
        job.kernels
            .pack(&job.points, &Which::Block(block), self.tile);
    }
}

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

#[cfg(test)]
mod tests {
    use super::{candidates_per_step, POWERS_OF_E};

    #[test]
    fn candidates_grow_with_the_logarithm() {
        assert_eq!(candidates_per_step(1), 2);
        for power in POWERS_OF_E {
            for k in [power - 1, power] {
                assert_eq!(
                    candidates_per_step(k),
                    2 + (k as f64).ln().floor() as usize,
                    "{k}"
                );
            }
        }
    }
}
