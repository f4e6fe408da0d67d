//! Points and centers that differ, but so little that every D underflows to 0, are refused.

use super::distance::{fold, own_block, squared};
use crate::call::Job;
use crate::points::Points;
use crate::runtime::error::{refuse, Error, Number};

/// Points whose distances are on the stack at a time.
const TOGETHER: usize = 64;

/// Refuses points and centers, all finite, that are not all equal but differ so little that D between any two of them underflows
/// to 0. `reference` is the d coordinates of one of the centers or points. If D from it to any other is positive, nothing is refused;
/// nearly always the first points have such a D.
pub(crate) fn check_spread(job: &Job<'_>, centers: &[f64], reference: &[f64]) -> Result<(), Error> {
    let (points, d) = (&job.points, job.points.d());
    if points.n() == 0 {
        return Ok(());
    }
    let from_reference = |c: &[f64]| squared(c, reference) > 0.0;
    if centers.chunks_exact(d).any(from_reference) {
        return Ok(());
    }
    for block in job.stretches_of(TOGETHER) {
        let (labels, mut distances) = ([0; TOGETHER], [0.0; TOGETHER]);
        let (labels, distances) = (&labels[..block.len()], &mut distances[..block.len()]);
        own_block(points, job.level, block, labels, reference, distances);
        if distances.iter().any(|&distance| distance > 0.0) {
            return Ok(());
        }
    }
    let other = |(_, i, x): &(usize, usize, f64)| *x != reference[*i];
    let in_centers = centers.iter().enumerate();
    let in_centers = in_centers.map(|(at, &x)| (at / d, at % d, x)).find(other);
    let in_points = differing(points, reference);
    let (argument, (row, i, x)) = match (in_points, in_centers) {
        (Some(place), _) => ("points", place),
        (None, Some(place)) => ("centers", place),
        (None, None) => return Ok(()),
    };
    if farthest_apart(points, centers) > 0.0 {
        return Ok(());
    }
    let x = Number(x);
    refuse!(
        Range,
        "{argument}: {x} at row {row}, dimension {i} and all others differ so little that squared distances underflow to 0"
    )
}

/// The first coordinate of a point that differs from that of `reference`: its row, dimension, and value.
fn differing(points: &Points<'_>, reference: &[f64]) -> Option<(usize, usize, f64)> {
    let nonzero = reference.iter().filter(|&&x| x != 0.0).count();
    (0..points.n()).find_map(|p| {
        if points.form().is_csr() {
            // A sparse row is equal if all that it stores is, and that is all of the reference that is not zero.
            let (mut equal, mut stored) = (true, 0);
            points.entries(p).each(|i, x| {
                equal &= x == reference[i];
                stored += usize::from(x != 0.0);
            });
            if equal && stored == nonzero {
                return None;
            }
        }
        let i = (0..points.d()).find(|&i| points.at(p, i) != reference[i])?;
        Some((p, i, points.at(p, i)))
    })
}

/// D between the vector of the largest and that of the smallest coordinates: no two of these points and centers are farther apart (L33).
#[cold]
fn farthest_apart(points: &Points<'_>, centers: &[f64]) -> f64 {
    let d = points.d();
    let mut s = [0.0; 8];
    // Eight dimensions at a time: a cache line, and the partial sums of D.
    for first in (0..d).step_by(s.len()) {
        let dims = first..d.min(first + s.len());
        let (mut least, mut most) = ([f64::INFINITY; 8], [f64::NEG_INFINITY; 8]);
        let mut widen = |lane: usize, x: f64| {
            least[lane] = x.min(least[lane]);
            most[lane] = x.max(most[lane]);
        };
        for p in 0..points.n() {
            dims.clone().for_each(|i| widen(i - first, points.at(p, i)));
        }
        for center in centers.chunks_exact(d) {
            dims.clone().for_each(|i| widen(i - first, center[i]));
        }
        for lane in 0..dims.len() {
            let t = most[lane] - least[lane];
            s[lane] += t * t;
        }
    }
    fold(&s)
}
