//! The direct kernel: D itself for every pair, points in lanes.
//!
//! Each lane takes the centers in ascending order and keeps the first smallest D, so ties go to the lowest index. For few dimensions
//! this is also the fastest kernel: a point's coordinates stay in registers, and a center costs little more than its d squares.

use crate::exact::distance::{Few, Many, Metric};
use crate::points::Ahead;
use crate::simd::{InstructionSet, Kernel, Lanes, Level};

/// Labels and squared distances of points packed for the level, against centers of `d` dimensions; `labels.len()`, a multiple of the
/// level's width, says how many.
pub(super) fn nearest(
    level: Level,
    tile: &[f64],
    d: usize,
    centers: &[f64],
    labels: &mut [i32],
    distances: &mut [f64],
    ahead: &mut Ahead,
) {
    assert!(labels.len().is_multiple_of(level.width()) && distances.len() >= labels.len());
    assert!(tile.len() >= labels.len() * d && centers.len().is_multiple_of(d));
    level.run(NearestByD {
        tile,
        d,
        centers,
        labels,
        distances,
        ahead,
    });
}

/// There are whole groups of labels, as many distances, and a tile of as many points; and centers of as many dimensions.
struct NearestByD<'a> {
    tile: &'a [f64],
    d: usize,
    centers: &'a [f64],
    labels: &'a mut [i32],
    distances: &'a mut [f64],
    ahead: &'a mut Ahead,
}

impl Kernel for NearestByD<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) {
        let NearestByD {
            tile,
            d,
            centers,
            labels,
            distances,
            ahead,
        } = self;
        // Groups in flight hide the latency of the running minimum and share each center's broadcast;
        // how many depends on the registers their coordinates (or partial sums) leave.
        let many = I::Lanes::REGISTERS >= 32;
        // SAFETY: the caller is compiled for the lanes; `nearest` has checked the lengths.
        unsafe {
            match (d, many) {
                (1, _) => walk::<I::Lanes, _, 4>(Few::<1>, tile, centers, labels, distances, ahead),
                (2, _) => walk::<I::Lanes, _, 4>(Few::<2>, tile, centers, labels, distances, ahead),
                (3, true) => {
                    walk::<I::Lanes, _, 4>(Few::<3>, tile, centers, labels, distances, ahead)
                }
                (3, false) => {
                    walk::<I::Lanes, _, 2>(Few::<3>, tile, centers, labels, distances, ahead)
                }
                (4, true) => {
                    walk::<I::Lanes, _, 4>(Few::<4>, tile, centers, labels, distances, ahead)
                }
                (4, false) => {
                    walk::<I::Lanes, _, 2>(Few::<4>, tile, centers, labels, distances, ahead)
                }
                (5, _) => walk::<I::Lanes, _, 2>(Few::<5>, tile, centers, labels, distances, ahead),
                (6, _) => walk::<I::Lanes, _, 2>(Few::<6>, tile, centers, labels, distances, ahead),
                (7, _) => walk::<I::Lanes, _, 2>(Few::<7>, tile, centers, labels, distances, ahead),
                (8, _) => walk::<I::Lanes, _, 2>(Few::<8>, tile, centers, labels, distances, ahead),
                (_, true) => {
                    walk::<I::Lanes, _, 2>(Many(d), tile, centers, labels, distances, ahead)
                }
                (_, false) => {
                    walk::<I::Lanes, _, 1>(Many(d), tile, centers, labels, distances, ahead)
                }
            }
        }
    }
}

/// Steps of `G` groups, then single groups.
///
/// # Safety
/// The caller is compiled for `L`; what [`NearestByD`] says is so, and the metric is for its dimensions.
#[inline(always)]
unsafe fn walk<L: Lanes, M: Metric, const G: usize>(
    metric: M,
    tile: &[f64],
    centers: &[f64],
    labels: &mut [i32],
    distances: &mut [f64],
    ahead: &mut Ahead,
) {
    let groups = labels.len() / L::WIDTH;
    let share = ahead.share(groups / G);
    let mut g = 0;
    // SAFETY: groups g to g + G (g + 1) exist.
    unsafe {
        while g + G <= groups {
            ahead.ask(share);
            step::<L, M, G>(metric, tile, g, centers, labels, distances);
            g += G;
        }
        while g < groups {
            step::<L, M, 1>(metric, tile, g, centers, labels, distances);
            g += 1;
        }
    }
}

#[inline(always)]
unsafe fn step<L: Lanes, M: Metric, const G: usize>(
    metric: M,
    tile: &[f64],
    first: usize,
    centers: &[f64],
    labels: &mut [i32],
    distances: &mut [f64],
) {
    let d = metric.d();
    // SAFETY: the groups first to first + G exist, and so do their lanes in the outputs.
    unsafe {
        let groups = tile.as_ptr().add(first * d * L::WIDTH);
        let mut best = [L::splat(f64::INFINITY); G];
        // Labels are kept as doubles, to be selected by the same mask as distances on every
        // instruction set; they are below 2^31 and so exact.
        let mut label = [L::splat(0.0); G];
        let mut j = L::splat(0.0);
        let one = L::splat(1.0);
        for center in centers.chunks_exact(d) {
            let distance = metric.squared::<L, G>(groups, center.as_ptr());
            for g in 0..G {
                let closer = L::less(distance[g], best[g]);
                label[g] = L::select(closer, j, label[g]);
                best[g] = L::min(distance[g], best[g]);
            }
            j = L::add(j, one);
        }
        for g in 0..G {
            let at = (first + g) * L::WIDTH;
            L::store_labels(labels.as_mut_ptr().add(at), label[g]);
            L::store(distances.as_mut_ptr().add(at), best[g]);
        }
    }
}
