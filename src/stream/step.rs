//! Means of reduced sums, and the end of the loop.

use super::format::{Format, View};
use super::range::above;
use super::whole::Stream;
use crate::api::check_length;
use crate::call::{Empty, Options, StoppedBy};
use crate::exact::distance::fold;
use crate::exact::limbs::size::{unit, unit_of_products};
use crate::exact::quotient::{Divisor, Sum};
use crate::runtime::error::{refuse, Error};

/// The state of a fit of a stream; at first the default.
///
/// ```
/// use centra::streams::State;
///
/// let state = State::default();
/// assert_eq!((state.iterations, state.stopped_by), (0, None));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct State {
    /// Why it stopped, if it did.
    pub stopped_by: Option<StoppedBy>,
    /// Iterations so far.
    pub iterations: i64,
    /// Labels that changed in the last iteration, if they were compared; else -1.
    pub moved: i64,
    /// Clusters without a point of positive weight in the last pass.
    pub empty_clusters: i64,
    /// Sum over the centers of D between the new and the previous center.
    pub shift: f64,
    /// The inertia of the last pass, if it was computed for all points; else NaN.
    pub inertia: f64,
}

impl Default for State {
    fn default() -> Self {
        State {
            stopped_by: None,
            iterations: 0,
            moved: 0,
            empty_clusters: 0,
            shift: 0.0,
            inertia: f64::NAN,
        }
    }
}

impl State {
    /// Whether the fit has stopped: the centers, and the labels of the last pass, are the result.
    ///
    /// ```
    /// assert!(!centra::streams::State::default().done());
    /// ```
    #[must_use]
    pub fn done(&self) -> bool {
        self.stopped_by.is_some()
    }
}

/// The means of reduced sums.
struct Means<'a> {
    stream: &'a Stream<'a>,
    format: &'a Format,
    sums: &'a View<'a>,
}

impl Means<'_> {
    /// Calls `with` for every cluster that has a mean, in order, and every dimension: j, i and the mean.
    fn each(&self, mut with: impl FnMut(usize, usize, f64)) {
        let Stream { total, d, k, range } = *self.stream;
        let count = self.sums.weight_limbs;
        for j in (0..k).filter(|&j| self.sums.positive[j] > 0) {
            if count == 0 {
                let members = self.sums.counts[j];
                self.cluster(j, &Divisor::new(Sum::new(1, |_| (members, 0))), &mut with);
            } else {
                let top = above(range, d);
                let limbs = &self.sums.weights[j * count..][..count];
                let weight = Sum::new(count, |l| (limbs[l], unit(top, l, total)));
                self.cluster(j, &Divisor::new(weight), &mut with);
            }
        }
    }

    /// Whether the centers of all clusters that have a mean are it; a zero of the other sign is not.
    fn are(&self, centers: &[f64]) -> bool {
        let mut same = true;
        self.each(|j, i, mean| {
            same &= mean.to_bits() == centers[j * self.stream.d + i].to_bits();
        });
        same
    }

    /// Moves centers to the means. D between the old and the new ones, summed in the order of the clusters.
    fn move_centers(&self, centers: &mut [f64]) -> f64 {
        let (mut shift, mut lanes, mut current) = (0.0, [0.0; 8], 0);
        self.each(|j, i, mean| {
            if j != current {
                shift += fold(&lanes);
                (lanes, current) = ([0.0; 8], j);
            }
            let center = &mut centers[j * self.stream.d + i];
            let t = mean - *center;
            lanes[i % 8] += t * t;
            *center = mean;
        });
        shift + fold(&lanes)
    }

    fn cluster<F: Fn(usize) -> (i64, i32)>(
        &self,
        j: usize,
        divisor: &Divisor<F>,
        with: &mut impl FnMut(usize, usize, f64),
    ) {
        let Stream {
            total, d, range, ..
        } = *self.stream;
        let (count, weighted) = (self.format.limbs, self.sums.weight_limbs > 0);
        let limbs = &self.sums.terms[j * count * d..][..count * d];
        for i in 0..d {
            let unit_of = |l| match weighted {
                true => unit_of_products(above(range, i) + above(range, d), l, total),
                false => unit(above(range, i), l, total),
            };
            let sum = Sum::new(count, |l| (limbs[l * d + i], unit_of(l)));
            with(j, i, divisor.divide(&sum));
        }
    }
}

/// Replaces each center by the mean of its points, from the reduced `sums`; `counts`, if given, receives the number of
/// points of each cluster. Centers of clusters without a point of positive weight stay as they are. Allocates nothing.
pub(crate) fn means(
    stream: &Stream<'_>,
    sums: &[i64],
    centers: &mut [f64],
    counts: Option<&mut [i64]>,
) -> Result<(), Error> {
    stream.check_centers(centers)?;
    if let Some(counts) = &counts {
        check_length("counts", counts.len(), stream.k, "k")?;
    }
    let format = Format::of(stream)?;
    let sums = &checked(stream, &format, sums)?;
    let means = Means {
        stream,
        format: &format,
        sums,
    };
    means.each(|j, i, mean| centers[j * stream.d + i] = mean);
    if let Some(counts) = counts {
        counts.copy_from_slice(sums.counts);
    }
    Ok(())
}

/// One step of the loop that a fit runs: from the reduced `sums` of a pass of all chunks against `centers`, decides
/// whether that pass was the last one; if not, moves the centers to the means. Of the options count `max_iter`, `tol` and `empty`.
///
/// If labels were not compared, the loop has converged when no mean moves: one pass after the last label changed, or earlier if the
/// labels that changed left every mean as it was (those of points of weight zero, for example). Then there can be fewer iterations
/// than in a fit; all other results are the same.
///
/// An empty cluster is refused under [`Empty::Error`], and under [`Empty::Relocate`] too: which point is the farthest, sums
/// do not tell. Under [`Empty::Keep`] its center stays. Allocates nothing. When it refuses, centers and state are as they were; once the loop is
/// done, nothing changes.
pub(crate) fn step(
    stream: &Stream<'_>,
    sums: &[i64],
    options: &Options<'_>,
    centers: &mut [f64],
    state: &mut State,
) -> Result<(), Error> {
    options.check()?;
    if state.done() {
        return Ok(());
    }
    stream.given(centers)?;
    let format = Format::of(stream)?;
    let sums = &checked(stream, &format, sums)?;
    let means = Means {
        stream,
        format: &format,
        sums,
    };
    let iterations = state.iterations;
    let compared = sums.compared == stream.total as i64;
    let empty = sums.positive.iter().position(|&members| members == 0);
    let stopped_by = if iterations > 0 {
        let converged = match compared {
            true => sums.moved == 0,
            // If an empty cluster is an error, labels have changed since it had points, and the means are refused below.
            false => (empty.is_none() || options.empty == Empty::Keep) && means.are(centers),
        };
        if converged {
            Some(StoppedBy::Converged)
        } else if options.tol > 0.0 && state.shift <= options.tol {
            Some(StoppedBy::Tolerance)
        } else {
            (iterations as u64 >= options.max_iter).then_some(StoppedBy::MaxIter)
        }
    } else {
        (options.max_iter == 0).then_some(StoppedBy::MaxIter)
    };
    let mut next = State {
        stopped_by,
        moved: if compared { sums.moved } else { -1 },
        empty_clusters: sums.positive.iter().filter(|&&c| c == 0).count() as i64,
        inertia: sums.inertia(stream.total),
        ..*state
    };
    if iterations == 0 {
        next.moved = 0;
    }
    if stopped_by.is_none() {
        match (empty, options.empty) {
            (Some(j), Empty::Error) => {
                return refuse!(Empty, "cluster {j} has no point of positive weight");
            }
            (Some(j), Empty::Relocate) => {
                return refuse!(
                    Empty,
                    "cluster {j} has no point of positive weight, and a stream cannot relocate one"
                );
            }
            _ => {}
        }
        next.shift = means.move_centers(centers);
        next.iterations += 1;
    }
    *state = next;
    Ok(())
}

/// The parts of sums; refuses sums that are not of all points, or cannot come from any points.
fn checked<'s>(stream: &Stream<'_>, format: &Format, sums: &'s [i64]) -> Result<View<'s>, Error> {
    format.check(sums)?;
    let view = format.view(sums);
    let all: i128 = view.counts.iter().map(|&count| i128::from(count)).sum();
    let total = stream.total;
    if all != total as i128 {
        return refuse!(
            Shape,
            "sums: the counts add up to {all}, but total = {total}"
        );
    }
    format.check_possible(total, sums)?;
    Ok(view)
}
